package binaries

import (
	"bytes"
	"cmp"
	"debug/elf"
	"debug/gosym"
	"slices"
)

// maxLineTable bounds the size of a .gopclntab that is read whole.
const maxLineTable = 64 << 20

// readGoSymbols reads the functions of a Go program from its line table, which
// stays when a program is stripped, because the runtime needs it.
func readGoSymbols(e *elf.File) (table, bool) {
	lines, text := e.Section(".gopclntab"), e.Section(".text")
	if lines == nil || text == nil || lines.Size > maxLineTable || lines.Type == elf.SHT_NOBITS {
		return table{}, false
	}
	data, err := lines.Data()
	if err != nil {
		return table{}, false
	}
	all, err := gosym.NewTable(nil, gosym.NewLineTable(data, text.Addr))
	if err != nil || len(all.Funcs) == 0 || len(all.Funcs) > maxSymbols/2 {
		return table{}, false
	}
	var names bytes.Buffer
	out := table{full: true, entries: make([]entry, 0, len(all.Funcs))}
	for i := range all.Funcs {
		f := &all.Funcs[i]
		if f.Sym == nil || f.End <= f.Entry {
			continue
		}
		out.entries = append(out.entries, entry{addr: f.Entry, size: uint32(min(f.End-f.Entry, 1<<32-1)), name: uint32(names.Len())})
		names.WriteString(f.Name[:min(len(f.Name), maxName-1)])
		names.WriteByte(0)
	}
	slices.SortStableFunc(out.entries, func(a, b entry) int { return cmp.Compare(a.addr, b.addr) })
	out.names = bytes.NewReader(names.Bytes())
	return out, true
}
