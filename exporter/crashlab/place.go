package crashlab

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// place moves a finished file to its final name, which appears at once and
// complete, on the same file system or another.
func place(from, to string) (string, error) {
	if err := os.Rename(from, to); err == nil {
		return to, os.Chmod(to, 0o600)
	}
	in, err := os.Open(from)
	if err != nil {
		return "", err
	}
	defer in.Close()
	part := filepath.Join(filepath.Dir(to), "."+filepath.Base(to)+".part")
	if err := copyTo(part, in); err != nil {
		os.Remove(part)
		return "", fmt.Errorf("move the core file: %w", err)
	}
	if err := os.Rename(part, to); err != nil {
		os.Remove(part)
		return "", fmt.Errorf("move the core file: %w", err)
	}
	return to, os.Remove(from)
}

func copyTo(name string, in io.Reader) error {
	out, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	if _, err := io.Copy(out, in); err != nil {
		out.Close()
		return err
	}
	return out.Close()
}
