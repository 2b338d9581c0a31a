package binaries

import (
	"debug/elf"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

// errOther is returned for files that are not the ones asked for.
var errOther = errors.New("another build")

// image is an open file of a known build id.
type image struct {
	path    string
	file    *os.File
	elf     *elf.File
	debug   *os.File // separate debug file that the symbols came from
	symbols table
	loaded  bool
	recent  recent
}

// unload drops the symbols.
func (b *image) unload() {
	if b.debug != nil {
		_ = b.debug.Close() // read-only: nothing can be lost
	}
	b.debug, b.symbols, b.loaded = nil, table{}, false
}

func (b *image) close() {
	if b != nil {
		b.unload()
		_ = b.file.Close() // read-only: nothing can be lost
	}
}

// open opens the file that a core names, if it is a regular ELF file with that
// build id. The path is the core's word: it may name a device, a pipe or
// another file by now, so that it is opened without blocking and checked on the
// descriptor.
func open(root, path, buildID string) (*image, error) {
	path = strings.TrimSuffix(path, " (deleted)")
	if !filepath.IsAbs(path) || buildID == "" || strings.ContainsRune(path, 0) {
		return nil, fmt.Errorf("path %.80q is not absolute, or the build id is unknown", path)
	}
	f, err := os.OpenFile(filepath.Join(root, filepath.Clean(path)), os.O_RDONLY|syscall.O_NONBLOCK|syscall.O_NOCTTY, 0)
	if err != nil {
		return nil, err
	}
	b, err := check(f, path, buildID)
	if err != nil {
		_ = f.Close()
		return nil, err
	}
	return b, nil
}

func check(f *os.File, path, buildID string) (b *image, err error) {
	st, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if !st.Mode().IsRegular() {
		return nil, fmt.Errorf("%s is not a regular file", path)
	}
	// debug/elf is not hardened against hostile files; what it can't cope with
	// is not at hand.
	defer func() {
		if r := recover(); r != nil {
			b, err = nil, fmt.Errorf("%s: %v", path, r)
		}
	}()
	e, err := elf.NewFile(f)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	if id := buildIDOf(e); id != buildID {
		return nil, fmt.Errorf("%s has build id %q: %w", path, id, errOther)
	}
	return &image{path: path, file: f, elf: e}, nil
}

// address turns an offset of the file into a virtual address.
func (b *image) address(offset uint64) (uint64, bool) {
	for _, p := range b.elf.Progs {
		if p.Type == elf.PT_LOAD && offset >= p.Off && offset-p.Off < p.Filesz {
			return offset - p.Off + p.Vaddr, true
		}
	}
	return 0, false
}

// buildIDOf reads the GNU build id from the note segments (type 3, owner "GNU";
// gABI note format, words of 4 bytes), or from the section of its name.
func buildIDOf(e *elf.File) string {
	const maxNotes = 64 << 10
	for _, p := range e.Progs {
		if p.Type != elf.PT_NOTE {
			continue
		}
		b, err := io.ReadAll(io.LimitReader(p.Open(), maxNotes))
		if err != nil {
			continue
		}
		if id := noteID(e, b, p.Align); id != "" {
			return id
		}
	}
	// Go's internal linker leaves its GNU note out of the note segment.
	if s := e.Section(".note.gnu.build-id"); s != nil && s.Type == elf.SHT_NOTE {
		if b, err := io.ReadAll(io.LimitReader(s.Open(), maxNotes)); err == nil {
			return noteID(e, b, s.Addralign)
		}
	}
	return ""
}

// noteID finds the GNU build id among notes.
func noteID(e *elf.File, b []byte, alignment uint64) string {
	const ntGNUBuildID = 3
	for len(b) >= 12 {
		name, desc, typ := uint64(e.ByteOrder.Uint32(b)), uint64(e.ByteOrder.Uint32(b[4:])), e.ByteOrder.Uint32(b[8:])
		align := uint64(4)
		if alignment == 8 {
			align = 8
		}
		descAt := up(12+name, align)
		next := up(descAt+desc, align)
		if descAt+desc > uint64(len(b)) {
			break
		}
		if typ == ntGNUBuildID && name == 4 && string(b[12:16]) == "GNU\x00" {
			return hex.EncodeToString(b[descAt : descAt+desc])
		}
		b = b[min(next, uint64(len(b))):]
	}
	return ""
}

func up(n, align uint64) uint64 { return (n + align - 1) &^ (align - 1) }
