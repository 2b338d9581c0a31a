package corefile

import "sort"

// FileAt returns the mapped file that holds addr.
func (f *Facts) FileAt(addr uint64) (MappedFile, bool) {
	i := sort.Search(len(f.Files), func(i int) bool { return f.Files[i].End > addr })
	if i < len(f.Files) && addr >= f.Files[i].Start {
		return f.Files[i], true
	}
	return MappedFile{}, false
}

// ModuleAt returns the first mapping, at file offset 0, of the file that holds
// addr: its Start is where the module's ELF header stands in memory. Where a
// file is mapped more than once, the nearest mapping below addr is taken.
func (f *Facts) ModuleAt(addr uint64) (MappedFile, bool) {
	at, ok := f.FileAt(addr)
	if !ok {
		return MappedFile{}, false
	}
	i := sort.Search(len(f.Files), func(i int) bool { return f.Files[i].Start > addr })
	for i--; i >= 0; i-- {
		if f.Files[i].Offset == 0 && f.Files[i].Path == at.Path {
			return f.Files[i], true
		}
	}
	return MappedFile{}, false
}

// executableBase is where the executable's ELF header stands in memory: the
// module of its entry point, or, without NT_FILE, just before AT_PHDR, which a
// linker puts behind the ELF header.
func (f *Facts) executableBase(h *header) (uint64, bool) {
	for _, key := range []uint64{atEntry, atPhdr} {
		if addr, ok := f.Auxv[key]; ok {
			if m, ok := f.ModuleAt(addr); ok {
				return m.Start, true
			}
		}
	}
	size := uint64(64)
	if h.word() == 4 {
		size = 52
	}
	if at, ok := f.Auxv[atPhdr]; ok && at > size && (at-size)&pageMask == 0 {
		return at - size, true
	}
	return 0, false
}

// BuildIDAt returns the GNU build id of the module that holds addr, "" when it
// is unknown.
func (f *Facts) BuildIDAt(addr uint64) string {
	if m, ok := f.ModuleAt(addr); ok {
		return f.buildIDOf(m.Start)
	}
	return ""
}

func (f *Facts) buildIDOf(base uint64) string {
	for i := range f.Modules {
		if f.Modules[i].Start == base {
			return f.Modules[i].BuildID
		}
	}
	return ""
}
