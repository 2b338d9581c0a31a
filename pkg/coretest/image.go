package coretest

import (
	"debug/elf"
	"encoding/binary"
	"fmt"
	"io"
	"slices"
)

// Image is a built core file. Parts that nothing was written to read as zero
// and take no memory, so an image can be larger than the machine.
type Image struct {
	Order binary.ByteOrder
	Class elf.Class

	size          int64
	phoff, phsize int64
	parts         []part // in no order; later ones win
	marks         marks
}

type part struct {
	at   int64
	data []byte
}

type marks struct{ notes []mark }

type mark struct {
	name string
	typ  uint32
	at   int64
}

func (m *Image) extend(at int64, data []byte) {
	if len(data) > 0 {
		m.parts = append(m.parts, part{at: at, data: slices.Clone(data)})
	}
}

// Size is the length of the file in bytes.
func (m *Image) Size() int64 { return m.size }

// ReadAt implements io.ReaderAt.
func (m *Image) ReadAt(p []byte, off int64) (int, error) {
	if off < 0 || off >= m.size {
		return 0, io.EOF
	}
	n := int(min(int64(len(p)), m.size-off))
	clear(p[:n])
	for _, q := range m.parts {
		from, to := max(off, q.at), min(off+int64(n), q.at+int64(len(q.data)))
		if from < to {
			copy(p[from-off:to-off], q.data[from-q.at:])
		}
	}
	if n < len(p) {
		return n, io.EOF
	}
	return n, nil
}

// Bytes returns the whole file in memory.
func (m *Image) Bytes() []byte {
	b := make([]byte, m.size)
	for _, q := range m.parts {
		if q.at < m.size {
			copy(b[q.at:], q.data)
		}
	}
	return b
}

// Truncate cuts the file to n bytes.
func (m *Image) Truncate(n int64) *Image {
	m.size = min(m.size, n)
	return m
}

// Write replaces bytes at an offset, beyond the end too.
func (m *Image) Write(at int64, b ...byte) *Image {
	m.extend(at, b)
	m.size = max(m.size, at+int64(len(b)))
	return m
}

// Put16 replaces a 16-bit integer, in the file's byte order.
func (m *Image) Put16(at int64, v uint16) *Image {
	b := make([]byte, 2)
	m.Order.PutUint16(b, v)
	return m.Write(at, b...)
}

// Put32 replaces a 32-bit integer.
func (m *Image) Put32(at int64, v uint32) *Image {
	b := make([]byte, 4)
	m.Order.PutUint32(b, v)
	return m.Write(at, b...)
}

// Put64 replaces a 64-bit integer.
func (m *Image) Put64(at int64, v uint64) *Image {
	b := make([]byte, 8)
	m.Order.PutUint64(b, v)
	return m.Write(at, b...)
}

// PhdrAt is where program header i stands; 0 is the PT_NOTE.
func (m *Image) PhdrAt(i int) int64 { return m.phoff + int64(i)*m.phsize }

// NoteAt is where the head of the i-th note of a type stands (n_namesz; the
// content starts 20 bytes behind it for the name "CORE"). It panics when there
// is none, which is always a mistake in the test.
func (m *Image) NoteAt(typ uint32, i int) int64 {
	for _, n := range m.marks.notes {
		if n.typ == typ {
			if i == 0 {
				return n.at
			}
			i--
		}
	}
	panic(fmt.Sprintf("coretest: no such note of type %#x", typ))
}
