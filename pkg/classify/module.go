package classify

import (
	"path"
	"sort"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/epicurve/epicurve/pkg/corefile"
)

// Numbers of the auxiliary vector (include/uapi/linux/auxvec.h).
const (
	auxPHDR  = 3
	auxEntry = 9
)

// site is a place in a mapped file.
type site struct {
	module  string // base name
	path    string
	buildID string
	offset  uint64 // from the load base
	file    uint64 // offset into the file
	// back is 1 for a return address: a call can be the last instruction of
	// its function, so that symbols and unwinding look one byte before.
	back uint64
}

// fileAt returns the file mapped at addr.
func (v *view) fileAt(addr uint64) (corefile.MappedFile, bool) {
	files := v.f.Files
	i := sort.Search(len(files), func(i int) bool { return files[i].End > addr })
	if i < len(files) && files[i].Start <= addr {
		return files[i], true
	}
	return corefile.MappedFile{}, false
}

// loadBase returns the address at which the start of the mapped file stands:
// of its mappings, the nearest below that has file offset 0.
func (v *view) loadBase(m corefile.MappedFile) uint64 {
	files := v.f.Files
	i := sort.Search(len(files), func(i int) bool { return files[i].Start > m.Start })
	for i--; i >= 0; i-- {
		if files[i].Path == m.Path && files[i].Offset == 0 {
			return files[i].Start
		}
	}
	return m.Start - m.Offset
}

// siteOf names the place of an address as module and offset; every address
// but pc is taken for a return address.
func (v *view) siteOf(addr uint64) (site, bool) {
	s, ok := v.mapped(addr)
	if addr != v.pc && s.file > 0 {
		s.back = 1
	}
	return s, ok
}

// mapped is siteOf without a view on what the address means. Without NT_FILE
// only the executable's own text is known, by AT_PHDR and AT_ENTRY.
func (v *view) mapped(addr uint64) (site, bool) {
	if addr >= v.at.Start && addr < v.at.End || v.mapping(addr) {
		m := &v.at
		return site{module: m.module, path: m.Path, buildID: m.buildID, offset: addr - m.base, file: addr - m.Start + m.Offset}, m.module != ""
	}
	if v.f.HasFiles {
		return site{}, false
	}
	entry, phdr := v.aux(auxEntry), v.aux(auxPHDR)
	seg, found := v.segment(addr)
	if !found || entry < seg.Start || entry >= seg.End || phdr == 0 || phdr > addr {
		return site{}, false
	}
	base := phdr &^ 0xfff
	return site{module: v.executable(), buildID: v.f.ExecutableBuildID, offset: addr - base, file: addr - base}, v.executable() != ""
}

// mapping is a mapped file with what names places in it.
type mapping struct {
	corefile.MappedFile
	base            uint64
	module, buildID string
}

// mapping looks up the mapping of addr and keeps it.
func (v *view) mapping(addr uint64) bool {
	m, ok := v.fileAt(addr)
	if ok {
		base := v.loadBase(m)
		v.at = mapping{MappedFile: m, base: base, module: moduleName(m.Path), buildID: v.buildID(base)}
	}
	return ok
}

// buildID returns the build id of the module loaded at base, when the reader
// looked at its header page.
func (v *view) buildID(base uint64) string {
	for i := range v.f.Modules {
		if v.f.Modules[i].Start == base && v.f.Modules[i].BuildID != "" {
			return v.f.Modules[i].BuildID
		}
	}
	if _, ok := v.executableFile(); ok && v.exe.base == base {
		return v.f.ExecutableBuildID
	}
	if at, ok := v.fileAt(v.f.Thread.Registers.PC); ok && v.loadBase(at) == base {
		return v.f.PCBuildID
	}
	return ""
}

// executableFile returns the mapping that holds the program's entry point.
func (v *view) executableFile() (corefile.MappedFile, bool) {
	if v.exe == nil {
		v.exe = &exeFile{}
		for _, tag := range []uint64{auxEntry, auxPHDR} {
			if a := v.aux(tag); a != 0 && !v.exe.found {
				v.exe.file, v.exe.found = v.fileAt(a)
			}
		}
		v.exe.name = printable(v.f.Process.Name, 64)
		if s := moduleName(v.exe.file.Path); v.exe.found && s != "" {
			v.exe.name = s
		}
		v.exe.base = v.loadBase(v.exe.file)
	}
	return v.exe.file, v.exe.found
}

// exeFile is the executable, looked up once.
type exeFile struct {
	file  corefile.MappedFile
	found bool
	base  uint64
	name  string
}

// executable returns the base name of the executable: from the file mapped at
// the entry point, or the (15 byte) command name.
func (v *view) executable() string {
	v.executableFile()
	return v.exe.name
}

// moduleName is the base name of a mapped file, without the kernel's mark for
// files that were unlinked.
func moduleName(p string) string {
	p = strings.TrimSuffix(p, " (deleted)")
	b := path.Base(p)
	if b == "." || b == "/" {
		return ""
	}
	return printable(b, 128)
}

// printable makes text from a core fit for a signature: valid UTF-8, nothing
// unprintable, at most n bytes.
func printable(s string, n int) string {
	if len(s) <= n && plainASCII(s) {
		return s
	}
	clean := strings.Map(func(r rune) rune {
		if r == utf8.RuneError || !unicode.IsPrint(r) {
			return '?'
		}
		return r
	}, s)
	if len(clean) <= n {
		return clean
	}
	clean = clean[:n]
	for !utf8.ValidString(clean) {
		clean = clean[:len(clean)-1]
	}
	return clean
}

// plainASCII reports whether s needs no cleaning, as nearly every text does.
func plainASCII(s string) bool {
	for i := range len(s) {
		if s[i] < ' ' || s[i] > '~' {
			return false
		}
	}
	return true
}
