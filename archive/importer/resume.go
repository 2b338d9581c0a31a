package importer

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// Progress is how far an import came, kept in a file so that a later run goes on
// there.
type Progress struct {
	Format string `json:"format"`
	// Head is the SHA-256 of the source's beginning: another file is not
	// taken for the same.
	Head  string `json:"head"`
	Items int    `json:"items"` // done, from the beginning
}

// headBytes is how much of a source names it. A log that grows keeps its head.
const headBytes = 4096

// ErrOtherSource is wrapped when a progress file is about another source.
var ErrOtherSource = errors.New("the progress file is of another import")

// LoadProgress reads a progress file for a source; a file that is not there is
// the beginning. The reader is left at its start.
func LoadProgress(path, format string, source io.ReadSeeker) (Progress, error) {
	head := make([]byte, headBytes)
	n, err := io.ReadFull(source, head)
	if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) && !errors.Is(err, io.EOF) {
		return Progress{}, err
	}
	if _, err := source.Seek(0, io.SeekStart); err != nil {
		return Progress{}, fmt.Errorf("an import that can be resumed needs a file: %w", err)
	}
	// A short source is named by what it begins with, as far as it went then.
	b, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return Progress{Format: format, Head: headName(head[:n])}, nil
	}
	if err != nil {
		return Progress{}, err
	}
	var p Progress
	if err := json.Unmarshal(b, &p); err != nil {
		return Progress{}, fmt.Errorf("progress file %s: %w", path, err)
	}
	if p.Format != format || !headMatches(p.Head, head[:n]) {
		return Progress{}, fmt.Errorf("%s: %w; remove it to begin from the start (crashes that are known are left out)", path, ErrOtherSource)
	}
	return p, nil
}

// headName is the length and sum of a head.
func headName(head []byte) string {
	sum := sha256.Sum256(head)
	return fmt.Sprintf("%d:%s", len(head), hex.EncodeToString(sum[:]))
}

func headMatches(name string, head []byte) bool {
	var n int
	if _, err := fmt.Sscanf(name, "%d:", &n); err != nil || n < 0 || n > len(head) {
		return false
	}
	return headName(head[:n]) == name
}

// Save writes the progress file; it is complete or as it was.
func (p Progress) Save(path string) error {
	b, err := json.Marshal(p)
	if err != nil {
		return err
	}
	part, err := os.CreateTemp(filepath.Dir(path), ".progress-*")
	if err != nil {
		return err
	}
	_, err = part.Write(append(b, '\n'))
	if err = errors.Join(err, part.Close()); err == nil {
		err = os.Rename(part.Name(), path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(part.Name()))
	}
	return nil
}
