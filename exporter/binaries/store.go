package binaries

import (
	"cmp"
	"log/slog"
	"maps"
	"slices"
	"sync"

	"github.com/epicurve/epicurve/pkg/classify"
)

// Bounds of the store.
const (
	maxOpen    = 16      // files open at a time
	maxAbsent  = 1024    // files remembered as not here; then all are asked again
	maxSymbols = 1 << 20 // symbols kept over all files, 16 bytes each
)

// Config says where files are.
type Config struct {
	// Root is put before every path; "" is the root of this process. An
	// exporter in a container sets the host's mount, such as /host.
	Root string
	// Log receives why files were not used, at debug level; nil discards it.
	Log *slog.Logger
}

// Store answers the questions of classify.Binaries. It is safe for concurrent
// use and holds at most maxOpen descriptors.
type Store struct {
	root string
	log  *slog.Logger

	mu     sync.Mutex
	files  map[key]*held
	absent map[key]struct{}
	clock  uint64 // counts uses
}

// held is an open file with the moment of its last use.
type held struct {
	*image
	used uint64
}

type key struct{ path, buildID string }

// New returns a store that has opened nothing yet.
func New(c Config) *Store {
	log := c.Log
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	return &Store{root: c.Root, log: log, files: map[key]*held{}, absent: map[key]struct{}{}}
}

// Text returns n bytes at an offset of the file that path and build id name;
// false when there is no such file here.
func (s *Store) Text(path, buildID string, offset uint64, n int) ([]byte, bool) {
	if n <= 0 || n > 4096 || offset > 1<<62 {
		return nil, false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	b := s.file(path, buildID)
	if b == nil {
		return nil, false
	}
	return b.text(offset, n)
}

// Symbol returns the linker name of the function at an offset of the file, and
// the distance from its start.
func (s *Store) Symbol(path, buildID string, offset uint64) (string, uint64, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	b := s.file(path, buildID)
	if b == nil {
		return "", 0, false
	}
	addr, ok := b.address(offset)
	if !ok {
		return "", 0, false
	}
	if !b.loaded {
		s.makeRoom()
		s.load(b, buildID)
	}
	return b.symbols.at(addr)
}

// Unwind returns how the function at an offset of the file finds its caller.
func (s *Store) Unwind(path, buildID string, offset uint64) (classify.UnwindRow, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	b := s.file(path, buildID)
	if b == nil {
		return classify.UnwindRow{}, false
	}
	addr, ok := b.address(offset)
	if !ok {
		return classify.UnwindRow{}, false
	}
	return b.unwind(addr)
}

// Close closes every file. The store can be used again afterwards.
func (s *Store) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, b := range s.files {
		b.close()
	}
	clear(s.files)
	clear(s.absent)
	return nil
}

// file returns the open file of a build id; nil when it is not here, which is
// remembered as well, apart from the open ones: crashes of many programs that
// are gone must not push out the libraries that all of them share.
func (s *Store) file(path, buildID string) *image {
	k := key{path, buildID}
	s.clock++
	if h, ok := s.files[k]; ok {
		h.used = s.clock
		return h.image
	}
	if _, known := s.absent[k]; known {
		return nil
	}
	b, err := open(s.root, path, buildID)
	if err != nil {
		s.log.Debug("binary is not at hand", "path", path, "build_id", buildID, "err", err)
		if len(s.absent) >= maxAbsent {
			clear(s.absent)
		}
		s.absent[k] = struct{}{}
		return nil
	}
	if len(s.files) >= maxOpen {
		oldest := s.byUse()[0]
		s.files[oldest].close()
		delete(s.files, oldest)
	}
	s.files[k] = &held{image: b, used: s.clock}
	return b
}

// byUse lists the open files, least recently used first.
func (s *Store) byUse() []key {
	return slices.SortedFunc(maps.Keys(s.files), func(a, b key) int { return cmp.Compare(s.files[a].used, s.files[b].used) })
}

// makeRoom drops the symbols of files that were used least recently until
// another full table fits; a table holds at most half of the bound.
func (s *Store) makeRoom() {
	kept := 0
	for _, k := range slices.Backward(s.byUse()) {
		b := s.files[k].image
		if !b.loaded {
			continue
		}
		if kept += len(b.symbols.entries); kept > maxSymbols/2 {
			b.unload()
		}
	}
}

// load reads the symbols of a file: its own, else those of its debug file.
func (s *Store) load(b *image, buildID string) {
	b.loaded = true
	t, err := readSymbols(b.elf, b.file)
	if err == nil && !t.full && len(buildID) > 2 {
		debug := "/usr/lib/debug/.build-id/" + buildID[:2] + "/" + buildID[2:] + ".debug"
		if d, derr := open(s.root, debug, buildID); derr == nil {
			if more, derr := readSymbols(d.elf, d.file); derr == nil && more.full {
				t, b.debug = more, d.file
			} else {
				d.close()
			}
		}
	}
	if err != nil {
		s.log.Debug("symbols can't be read", "path", b.path, "err", err)
	}
	b.symbols = t
}
