package rehearsal

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/klauspost/compress/zstd"
)

// corePattern is the core_pattern under which the cores appear; the exporters
// read time and pid from it.
const corePattern = "core.%e.%p.%t"

// shelf holds the stored cores that the story needs, unpacked.
type shelf map[string][]byte

// openShelf unpacks the cores of dir, testdata/cores of the checkout.
func openShelf(dir string) (shelf, error) {
	s := make(shelf)
	for _, list := range [][]string{raceCores, shiftedCores, ordinaryCores} {
		for _, name := range list {
			packed, err := os.Open(filepath.Join(dir, name+".core.zst"))
			if err != nil {
				return nil, fmt.Errorf("stored core: %w", err)
			}
			defer packed.Close()
			r, err := zstd.NewReader(packed)
			if err != nil {
				return nil, fmt.Errorf("stored core %s: %w", name, err)
			}
			defer r.Close()
			if s[name], err = io.ReadAll(r); err != nil {
				return nil, fmt.Errorf("stored core %s: %w", name, err)
			}
		}
	}
	return s, nil
}

// drop puts the core of an event into dir, as the kernel does: in place, and
// sparse where memory is zero.
func (s shelf) drop(dir string, e event) error {
	core, err := renumber(s[e.core], e.pid)
	if err != nil {
		return fmt.Errorf("core %s: %w", e.core, err)
	}
	f, err := os.OpenFile(filepath.Join(dir, fmt.Sprintf("core.%s.%d.%d", e.core, e.pid, e.at.Unix())), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return fmt.Errorf("drop core: %w", err)
	}
	defer f.Close()
	const page = 4096
	zero := make([]byte, page)
	for at := 0; at < len(core); at += page {
		part := core[at:min(at+page, len(core))]
		if bytes.Equal(part, zero[:len(part)]) {
			continue
		}
		if _, err := f.WriteAt(part, int64(at)); err != nil {
			return fmt.Errorf("drop core: %w", err)
		}
	}
	if err := f.Truncate(int64(len(core))); err != nil {
		return fmt.Errorf("drop core: %w", err)
	}
	return f.Close()
}
