package logsource

import (
	"cmp"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/epicurve/epicurve/pkg/crash"
)

// neighbour is a file that a rotation may have left.
type neighbour struct {
	path    string
	dev     uint64
	ino     uint64
	size    int64
	changed time.Time
}

// maxNeighbours bounds the directory entries that are looked through.
const maxNeighbours = 4096

// rotatedName returns an expression of the names that rotations give to a log:
// app.log.1, app.log-20260101, app.log.old; app-20260101.log, app.1.log. Those
// that were compressed are not among them.
func rotatedName(base string) *regexp.Regexp {
	ext := filepath.Ext(base)
	stem := strings.TrimSuffix(base, ext)
	return regexp.MustCompile(`^(?:` + regexp.QuoteMeta(base) + `[-._](?:old|bak|prev|\d[-._:TZ\d]*)` +
		`|` + regexp.QuoteMeta(stem) + `[-._]\d[-._:TZ\d]*` + regexp.QuoteMeta(ext) + `)$`)
}

// neighbours lists the files beside the log that a rotation may have left, the
// last written to last.
func (f *File) neighbours() []neighbour {
	dir, base := filepath.Split(f.Path)
	rotated := rotatedName(base)
	d, err := os.Open(dir)
	if err != nil {
		return nil
	}
	defer d.Close()
	entries, err := d.ReadDir(maxNeighbours)
	if err != nil && len(entries) == 0 {
		return nil
	}
	var found []neighbour
	for _, e := range entries {
		if !rotated.MatchString(e.Name()) || !e.Type().IsRegular() {
			continue
		}
		if st, err := e.Info(); err == nil {
			dev, ino := identity(st)
			found = append(found, neighbour{filepath.Join(dir, e.Name()), dev, ino, st.Size(), st.ModTime()})
		}
	}
	slices.SortStableFunc(found, func(a, b neighbour) int { return cmp.Compare(a.changed.UnixNano(), b.changed.UnixNano()) })
	return found
}

// copyOf opens the neighbour that begins like a content and holds at least what
// was read of it; nil for none.
func (f *File) copyOf(c *content) *os.File {
	if len(c.beginning) == 0 {
		return nil
	}
	for _, n := range slices.Backward(f.neighbours()) {
		if n.size < c.offset {
			continue
		}
		file, err := os.Open(n.path)
		if err != nil {
			continue
		}
		if beginsWith(file, c.beginning) {
			return file
		}
		_ = file.Close() // was only read
	}
	return nil
}

// resume goes on where an earlier run ended: in the same file, or in what a
// rotation made of it, and then in every file that came after.
func (f *File) resume(p FilePosition, sink Sink) {
	current := f.open(p.Generation, sink)
	if current != nil {
		f.missing = false
		if current.continues(p) {
			f.current = current
			return
		}
	}
	generation := p.Generation
	older, found := f.after(p, sink)
	for _, c := range older {
		generation = c.generation
		f.old = append(f.old, c)
	}
	if !found {
		sink.Trouble(crash.SourceLogFile, TroubleLost)
		f.Logger.Warn("A log file was replaced while nothing read it, and the old one is not beside it; what was written to that since is lost",
			"log", f.Name, "file", f.Path)
	}
	if current != nil {
		current.generation = generation + 1
		f.current = current
	}
}

// continues sets a content to a position of it. ok is false when the position
// is not of this content.
func (c *content) continues(p FilePosition) (ok bool) {
	st, err := c.file.Stat()
	if err != nil || c.dev != p.Dev || c.ino != p.Ino || st.Size() < p.Offset {
		return false
	}
	return c.goTo(p)
}

// goTo sets a content to a position, unless it begins otherwise.
func (c *content) goTo(p FilePosition) bool {
	beginning := matches(c.file, p)
	if beginning == nil {
		return false
	}
	c.offset, c.generation, c.beginning = p.Offset, p.Generation, beginning
	return true
}

// after opens the rest of the file that a position is of, under whatever name
// it bears now, and the files that were rotated away after it.
func (f *File) after(p FilePosition, sink Sink) (contents []*content, found bool) {
	generation := p.Generation
	for _, n := range f.neighbours() {
		if !found && (n.size < p.Offset || (p.Head == 0 && (n.dev != p.Dev || n.ino != p.Ino))) {
			continue
		}
		c, err := f.openPath(n.path, generation, sink)
		if err != nil {
			continue
		}
		c.linger = blockQuiet
		if !found {
			if !c.goTo(p) {
				c.close()
				continue
			}
			found = true
		}
		c.generation = generation
		generation++
		if contents = append(contents, c); len(contents) == maxOld {
			break
		}
	}
	return contents, found
}
