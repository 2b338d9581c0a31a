package corefile

import (
	"bytes"
	"math/bits"
	"sort"
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

// fileRow is a kept row; index is its place in the note.
type fileRow struct {
	index int64
	file  MappedFile
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
	k.set.hasFiles, k.set.allFiles = true, all && named == len(rows)
	k.set.files = make([]MappedFile, named)
	for i := range k.set.files {
		k.set.files[i] = rows[i].file
	}
	sort.SliceStable(k.set.files, func(i, j int) bool { return k.set.files[i].Start < k.set.files[j].Start })
	return nil
}

func (k *walker) fileAhead(rest int64) int { return int(min(windowSize, rest+noteRead/2)) }

// fileRows reads the rows and keeps those worth keeping.
func (k *walker) fileRows(at, count int64, page uint64, end int64) (rows []fileRow, all bool, err error) {
	word := int64(k.h.word())
	first := fileRow{index: -1} // the last row that maps the start of a file
	all = true
	for i := int64(0); i < count; i++ {
		b, err := k.w.peek(at+i*3*word, int(3*word), k.fileAhead(end-at-i*3*word))
		if err != nil {
			return nil, false, err
		}
		if int64(len(b)) < 3*word {
			k.set.cut = true
			return nil, false, nil
		}
		row := fileRow{index: i, file: MappedFile{Start: k.h.readWord(b), End: k.h.readWord(b[word:])}}
		over, offset := bits.Mul64(k.h.readWord(b[2*word:]), page)
		if row.file.Offset = offset; over != 0 {
			row.file.Offset = ^uint64(0)
		}
		if count <= maxFiles {
			rows = append(rows, row)
			continue
		}
		if row.file.Offset == 0 {
			first = row
		}
		s, found := k.t.from(row.file.Start)
		if !found || !s.Executable() || s.Start >= row.file.End {
			all = false
			continue
		}
		if len(rows)+2 > maxFiles {
			return rows, false, nil
		}
		if first.index >= 0 && first.index != row.index {
			rows = append(rows, first)
		}
		first.index = -1
		rows = append(rows, row)
	}
	return rows, all, nil
}

// filePaths gives the rows their paths and returns how many got one. ok is
// false when the paths are cut or missing.
func (k *walker) filePaths(at, end int64, rows []fileRow) (named int, ok bool, err error) {
	var last string
	var kept int
	for i := int64(0); named < len(rows); i++ {
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
		if rows[named].index != i {
			continue
		}
		if string(b[:z]) != last {
			if kept += z; kept > maxPathBytes {
				return named, true, nil
			}
			last = string(b[:z])
		}
		rows[named].file.Path = last
		named++
	}
	return named, true, nil
}
