package corefile

// memory implements Memory over the segment table and the captured bytes.
type memory struct {
	h     header
	table table
	spans []span
	few   [4]span // what spans begins in
}

// add keeps captured bytes.
func (m *memory) add(addr uint64, data []byte) {
	if m.spans == nil {
		m.spans = m.few[:0]
	}
	m.spans = append(m.spans, span{addr: addr, data: data})
}

// span is a captured piece of the address space.
type span struct {
	addr uint64
	data []byte
}

// Segment implements Memory.
func (m *memory) Segment(addr uint64) (Segment, bool, bool) {
	s, found := m.table.find(addr)
	return s, found, !m.table.partial
}

// Bytes implements Memory.
func (m *memory) Bytes(addr uint64, n int) ([]byte, bool) {
	if n < 0 {
		return nil, false
	}
	for i := range m.spans {
		s := &m.spans[i]
		if addr < s.addr {
			continue
		}
		if at := addr - s.addr; at <= uint64(len(s.data)) && uint64(n) <= uint64(len(s.data))-at {
			return s.data[at : at+uint64(n) : at+uint64(n)], true
		}
	}
	return nil, false
}

// Word implements Memory.
func (m *memory) Word(addr uint64) (uint64, bool) {
	b, ok := m.Bytes(addr, m.h.word())
	if !ok {
		return 0, false
	}
	return m.h.readWord(b), true
}

// tail returns what was captured from addr on, in one piece.
func (m *memory) tail(addr uint64) []byte {
	for i := range m.spans {
		if s := &m.spans[i]; addr >= s.addr && addr-s.addr < uint64(len(s.data)) {
			return s.data[addr-s.addr:]
		}
	}
	return nil
}
