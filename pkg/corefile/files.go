package corefile

import (
	"bytes"
	"cmp"
	"math/bits"
	"slices"
)

// Bounds on what is kept of NT_FILE, whose size the kernel limits to 4 MiB by
// default (core_file_note_size_limit). All rows are kept up to maxFiles; of
// more, those of executable segments and the first mapping of their file.
const (
	maxFiles     = 4096
	maxFileRows  = 1 << 20
	maxPathBytes = 256 << 10
	maxPath      = 4096 // PATH_MAX
)

// fileRows are the rows that are kept; index tells their places in the note
// and is nil when all of them are.
type fileRows struct {
	files []MappedFile
	index []int64
}

// at returns the place of kept row i in the note.
func (r *fileRows) at(i int) int64 {
	if r.index == nil {
		return int64(i)
	}
	return r.index[i]
}

// files reads NT_FILE: a count, a page size, count rows of start, end and
// offset in pages, then count paths, each ended by a NUL (fs/binfmt_elf.c,
// fill_files_note).
func (k *walker) files(n note) error {
	word := int64(k.h.word())
	if k.set.hasFiles || n.size < 2*word {
		return nil
	}
	b, err := k.w.peek(n.descAt, int(2*word), k.fileAhead(n.size))
	if err != nil || int64(len(b)) < 2*word {
		k.set.cut = k.set.cut || err == nil
		return err
	}
	count, page := k.h.readWord(b), k.h.readWord(b[word:])
	if count > maxFileRows || int64(count)*3*word > n.size-2*word {
		k.set.broken = n.descAt
		return nil
	}
	at := n.descAt + 2*word
	rows, all, err := k.fileRows(at, int64(count), page, n.descAt+n.size)
	if err != nil || k.set.cut {
		return err
	}
	named, ok, err := k.filePaths(at+int64(count)*3*word, n.descAt+n.size, rows)
	if err != nil || !ok {
		return err
	}
	k.set.hasFiles, k.set.allFiles = true, all && named == len(rows.files)
	k.set.files = rows.files[:named]
	byStart := func(a, b MappedFile) int { return cmp.Compare(a.Start, b.Start) }
	if !slices.IsSortedFunc(k.set.files, byStart) {
		slices.SortStableFunc(k.set.files, byStart)
	}
	return nil
}

func (k *walker) fileAhead(rest int64) int { return int(min(windowSize, rest+noteRead/2)) }

// fileRows reads the rows and keeps those worth keeping.
func (k *walker) fileRows(at, count int64, page uint64, end int64) (rows fileRows, all bool, err error) {
	word := int64(k.h.word())
	first := int64(-1) // the last row that maps the start of a file
	var firstFile MappedFile
	rows.files = make([]MappedFile, 0, min(count, 64))
	for i := range count {
		b, err := k.w.peek(at+i*3*word, int(3*word), k.fileAhead(end-at-i*3*word))
		if err != nil {
			return rows, false, err
		}
		if int64(len(b)) < 3*word {
			k.set.cut = true
			return rows, false, nil
		}
		f := MappedFile{Start: k.h.readWord(b), End: k.h.readWord(b[word:])}
		over, offset := bits.Mul64(k.h.readWord(b[2*word:]), page)
		if f.Offset = offset; over != 0 {
			f.Offset = ^uint64(0)
		}
		if count <= maxFiles {
			rows.files = append(rows.files, f)
			continue
		}
		if f.Offset == 0 {
			first, firstFile = i, f
		}
		if s, found := k.t.from(f.Start); !found || !s.Executable() || s.Start >= f.End {
			continue
		}
		if len(rows.files)+2 > maxFiles {
			break
		}
		if first >= 0 && first != i {
			rows.files, rows.index = append(rows.files, firstFile), append(rows.index, first)
		}
		first = -1
		rows.files, rows.index = append(rows.files, f), append(rows.index, i)
	}
	return rows, int64(len(rows.files)) == count, nil
}

// filePaths gives the rows their paths and returns how many got one. ok is
// false when the paths are cut or missing.
func (k *walker) filePaths(at, end int64, rows fileRows) (named int, ok bool, err error) {
	var last string
	var kept int
	for i := int64(0); named < len(rows.files); i++ {
		n := int(min(maxPath, end-at))
		if n <= 0 {
			k.set.broken = at
			return 0, false, nil
		}
		b, err := k.w.peek(at, n, k.fileAhead(end-at))
		if err != nil {
			return 0, false, err
		}
		z := bytes.IndexByte(b, 0)
		if z < 0 {
			k.set.cut = k.set.cut || len(b) < n
			k.set.broken = at
			return 0, false, nil
		}
		at += int64(z) + 1
		if rows.at(named) != i {
			continue
		}
		if string(b[:z]) != last {
			if kept += z; kept > maxPathBytes {
				return named, true, nil
			}
			last = string(b[:z])
		}
		rows.files[named].Path = last
		named++
	}
	return named, true, nil
}
