package corefile

import (
	"debug/elf"
	"sort"
)

// table holds the PT_LOADs in 16 bytes each, sorted by address. A process can
// have as many mappings as vm.max_map_count allows (65,530 by default, over a
// million on some distributions), so the table is bounded and says when it is
// not complete.
type table struct {
	chunks [][]entry // of chunkEntries each, the last one filled last
	n      int
	hint   int       // how many entries the first chunk will hold
	big    []Segment // what does not fit into an entry
	extra  []Segment // of interest, found in a second look when others were dropped
	base   int64     // file offset of the first segment; entries count from it
	unit   uint64    // size of a partial dump: the header page of ELF files
	sorted bool
	last   uint64 // page of the entry added last
	// text spans all executable segments below the vsyscall page: most words
	// of a stack are outside and need no search.
	textLow, textHigh uint64
	// partial: segments are missing (cut file, or more than the table holds).
	partial bool
	// dropped: the table had no room for some of them.
	dropped bool
	// limit is the length of the input, -1 when unknown: what lies behind it
	// was not dumped.
	limit int64
}

const (
	chunkEntries = 1024
	maxEntries   = 96 * chunkEntries // 1.5 MiB
	maxPlain     = 88 * chunkEntries // the rest is for executable segments
	maxBig       = 2048
)

// entry packs one page-aligned segment:
//
//	at:   start address; its 12 low bits hold flags (0-2) and kind (3-4)
//	what: pages (28 bits) and file offset from base in pages (36 bits), or
//	      the index into big
type entry struct{ at, what uint64 }

// Kinds of entries: how much of the segment was dumped.
const (
	dumpedNone = iota
	dumpedAll
	dumpedUnit // table.unit bytes
	dumpedBig  // see table.big
)

const (
	pageBits  = 12
	pageMask  = 1<<pageBits - 1
	pagesBits = 28
	offBits   = 64 - pagesBits
)

func (t *table) entry(i int) *entry { return &t.chunks[i/chunkEntries][i%chunkEntries] }

// add appends a PT_LOAD; what does not fit makes the table partial.
func (t *table) add(p *phdr) {
	if p.memsz == 0 {
		return
	}
	if t.n == 0 {
		t.base, t.sorted = p.offset, true
	}
	text := p.flags&elf.PF_X != 0
	if t.n >= maxEntries || (t.n >= maxPlain && !text) {
		t.partial, t.dropped = true, true
		return
	}
	e, ok := t.pack(p)
	if !ok {
		t.partial, t.dropped = true, true
		return
	}
	if t.n%chunkEntries == 0 {
		t.chunks = append(t.chunks, make([]entry, 0, max(t.hint, 1)))
	}
	if t.last > e.at>>pageBits {
		t.sorted = false
	}
	if text && p.vaddr>>63 == 0 {
		if t.textHigh == 0 || p.vaddr < t.textLow {
			t.textLow = p.vaddr
		}
		t.textHigh = max(t.textHigh, p.segment().End)
	}
	t.last = e.at >> pageBits
	c := &t.chunks[len(t.chunks)-1]
	*c = append(*c, e)
	t.n++
}

// pack encodes a segment.
func (t *table) pack(p *phdr) (entry, bool) {
	dumped, off := min(p.filesz, p.memsz), p.offset-t.base
	kind := uint64(dumpedBig)
	switch {
	case dumped == 0:
		kind, off = dumpedNone, 0
	case dumped == p.memsz:
		kind = dumpedAll
	case t.unit == 0 || t.unit == dumped:
		t.unit, kind = dumped, dumpedUnit
	}
	aligned := (p.vaddr|p.memsz|uint64(off))&pageMask == 0 && off >= 0
	if kind != dumpedBig && aligned && p.memsz>>pageBits < 1<<pagesBits && uint64(off)>>pageBits < 1<<offBits {
		return entry{
			at:   p.vaddr | kind<<3 | uint64(p.flags&7),
			what: p.memsz>>pageBits<<offBits | uint64(off)>>pageBits,
		}, true
	}
	if len(t.big) >= maxBig {
		return entry{}, false
	}
	t.big = append(t.big, p.segment())
	return entry{at: p.vaddr&^pageMask | dumpedBig<<3 | uint64(p.flags&7), what: uint64(len(t.big) - 1)}, true
}

// at decodes entry i.
func (t *table) at(i int) Segment {
	e := *t.entry(i)
	kind := e.at >> 3 & 3
	if kind == dumpedBig {
		s := t.big[e.what]
		s.Dumped = t.present(s.Offset, s.Dumped)
		return s
	}
	size := e.what >> offBits << pageBits
	s := Segment{
		Start:  e.at &^ pageMask,
		Flags:  elf.ProgFlag(e.at & 7),
		Offset: t.base + int64(e.what&(1<<offBits-1)<<pageBits),
	}
	s.End = s.Start + size
	if s.End < s.Start {
		s.End = ^uint64(0)
	}
	switch kind {
	case dumpedAll:
		s.Dumped = t.present(s.Offset, size)
	case dumpedUnit:
		s.Dumped = t.present(s.Offset, min(t.unit, size))
	}
	return s
}

// present cuts dumped bytes to what the input really has.
func (t *table) present(off int64, dumped uint64) uint64 {
	if t.limit < 0 {
		return dumped
	}
	if off >= t.limit {
		return 0
	}
	return min(dumped, uint64(t.limit-off))
}

// finish sorts the table where the file was not in address order (the kernel's
// core_sort_vma orders segments by size).
func (t *table) finish() {
	if !t.sorted {
		sort.Stable((*byAddress)(t))
		t.sorted = true
	}
}

type byAddress table

func (b *byAddress) Len() int { return b.n }

func (b *byAddress) Less(i, j int) bool {
	t := (*table)(b)
	return t.entry(i).at>>pageBits < t.entry(j).at>>pageBits
}

func (b *byAddress) Swap(i, j int) {
	t := (*table)(b)
	x, y := t.entry(i), t.entry(j)
	*x, *y = *y, *x
}

// after returns the index of the first entry that starts on a page above
// addr's.
func (t *table) after(addr uint64) int {
	page := addr >> pageBits
	if len(t.chunks) == 1 { // nearly every core
		return firstAbove(t.chunks[0], page)
	}
	lo, hi := 0, len(t.chunks) // the first chunk that begins above
	for lo < hi {
		mid := int(uint(lo+hi) >> 1)
		if t.chunks[mid][0].at>>pageBits > page {
			hi = mid
		} else {
			lo = mid + 1
		}
	}
	if lo == 0 {
		return 0
	}
	return (lo-1)*chunkEntries + firstAbove(t.chunks[lo-1], page)
}

// firstAbove returns the index of the first entry that starts above a page.
func firstAbove(c []entry, page uint64) int {
	lo, hi := 0, len(c)
	for lo < hi {
		mid := int(uint(lo+hi) >> 1)
		if c[mid].at>>pageBits > page {
			hi = mid
		} else {
			lo = mid + 1
		}
	}
	return lo
}

// overlap is how many entries are looked at for an address. Segments of a real
// core never overlap, so the last one that starts at or below it decides;
// three more are looked at for hostile ones and for odd addresses.
const overlap = 4

// find returns the segment that holds addr.
func (t *table) find(addr uint64) (Segment, bool) {
	i := t.after(addr)
	for back := 1; back <= overlap && i-back >= 0; back++ {
		// What is packed says the end without unpacking; most words of a
		// stack are in no segment.
		e := t.entry(i - back)
		if e.at>>3&3 != dumpedBig && addr-e.at&^pageMask >= e.what>>offBits<<pageBits && e.at&^pageMask <= addr {
			continue
		}
		if s := t.at(i - back); addr >= s.Start && addr < s.End {
			return s, true
		}
	}
	for _, s := range t.extra {
		if addr >= s.Start && addr < s.End {
			return s, true
		}
	}
	return Segment{}, false
}

// from returns the first segment that ends above addr.
func (t *table) from(addr uint64) (first Segment, ok bool) {
	for i := max(t.after(addr)-overlap, 0); i < t.n; i++ {
		if first = t.at(i); first.End > addr {
			ok = true
			break
		}
	}
	for _, s := range t.extra {
		if s.End > addr && (!ok || s.Start < first.Start) {
			first, ok = s, true
		}
	}
	return first, ok
}

// text returns the executable segment that holds addr.
func (t *table) text(addr uint64) (Segment, bool) {
	if addr < t.textLow || addr >= t.textHigh {
		return Segment{}, false
	}
	s, ok := t.find(addr)
	return s, ok && s.Executable()
}
