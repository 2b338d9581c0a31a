package scan

import (
	"bufio"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"golang.org/x/sys/unix"

	"github.com/epicurve/epicurve/exporter/scan/objects"
	"github.com/epicurve/epicurve/pkg/classify"
)

// State remembers, in a file, which objects are done, so that a scan that was
// interrupted, even by SIGKILL, goes on where it was. An object is done when the
// archive has committed what it holds. An object that was replaced, and every
// object after a change of the rules, is read again. A nil *State remembers
// nothing.
type State struct {
	mu   sync.Mutex
	file *os.File
	done map[stateKey]struct{}
}

// stateKey is enough of a hash to tell billions of objects apart.
type stateKey [12]byte

const stateHead = "epicurve scan 1\n"

// OpenState opens or makes the file. Only one scan at a time may use it.
func OpenState(path string) (*State, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
		return nil, fmt.Errorf("state: %w", err)
	}
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_APPEND, 0o600) //nolint:gosec // the user names it
	if err != nil {
		return nil, fmt.Errorf("state: %w", err)
	}
	s := &State{file: f, done: make(map[stateKey]struct{})}
	if err := s.load(); err != nil {
		return nil, errors.Join(fmt.Errorf("state %s: %w", path, err), f.Close())
	}
	return s, nil
}

func (s *State) load() error {
	if err := unix.Flock(int(s.file.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
		return fmt.Errorf("another scan uses it: %w", err)
	}
	r := bufio.NewReaderSize(s.file, 64<<10)
	head := make([]byte, len(stateHead))
	switch _, err := io.ReadFull(r, head); {
	case errors.Is(err, io.EOF):
		_, err := s.file.WriteString(stateHead)
		return err
	case err != nil || string(head) != stateHead:
		return errors.New("it is no state of a scan; name another file")
	}
	whole := int64(len(stateHead))
	for {
		line, err := r.ReadSlice('\n')
		if errors.Is(err, io.EOF) {
			return s.file.Truncate(whole) // a line that was cut by a kill
		}
		var k stateKey
		if n, bad := hex.Decode(k[:], line[:max(len(line)-1, 0)]); err != nil || bad != nil || n != len(k) {
			return fmt.Errorf("offset %d is damaged; remove the file to begin anew", whole)
		}
		whole += int64(len(line))
		s.done[k] = struct{}{}
	}
}

func keyOf(o *objects.Object) stateKey {
	h := sha256.New()
	h.Write([]byte(o.URL + "\x00" + o.Tag + "\x00"))
	var b [24]byte
	binary.BigEndian.PutUint64(b[0:], uint64(o.Size))                //nolint:gosec // only told apart
	binary.BigEndian.PutUint64(b[8:], uint64(o.Modified.UnixNano())) //nolint:gosec // only told apart
	binary.BigEndian.PutUint64(b[16:], classify.Version)
	h.Write(b[:])
	return stateKey(h.Sum(nil)[:12])
}

// Knows reports whether an object is done.
func (s *State) Knows(o *objects.Object) bool {
	if s == nil {
		return false
	}
	k := keyOf(o)
	s.mu.Lock()
	defer s.mu.Unlock()
	_, known := s.done[k]
	return known
}

// Done notes objects, all of them in one write.
func (s *State) Done(all []objects.Object) error {
	if s == nil || len(all) == 0 {
		return nil
	}
	lines := make([]byte, 0, 25*len(all))
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := range all {
		k := keyOf(&all[i])
		if _, known := s.done[k]; !known {
			s.done[k] = struct{}{}
			lines = append(hex.AppendEncode(lines, k[:]), '\n')
		}
	}
	if _, err := s.file.Write(lines); err != nil {
		return fmt.Errorf("state: %w", err)
	}
	return nil
}

// Close closes the file.
func (s *State) Close() error {
	if s == nil {
		return nil
	}
	return s.file.Close()
}

// NameOf makes a name of what tells scans apart.
func NameOf(parts []string) string {
	sum := sha256.Sum256([]byte(strings.Join(parts, "\x00")))
	return hex.EncodeToString(sum[:6])
}
