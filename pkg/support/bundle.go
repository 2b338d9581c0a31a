// Package support packs what a maintainer needs to understand a running program
// into one file, without secrets. It knows no program and touches no files: who
// calls it says what to collect.
package support

import (
	"archive/tar"
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"path"
	"strings"
	"time"
)

// MaxPart bounds one part of a bundle, in bytes; what is longer is cut and says so.
const MaxPart = 16 << 20

// Part is one file of a bundle.
type Part struct {
	Name    string // such as "metrics.txt"
	Collect func(context.Context) ([]byte, error)
}

// Write writes a gzipped tar archive with one folder: every part that could be
// collected, redacted, and for every other a file NAME.error.txt with the reason.
// A part that fails is thus no error of Write: a bundle of a sick program is
// wanted most.
func Write(ctx context.Context, w io.Writer, program string, at time.Time, parts []Part) error {
	zipped := gzip.NewWriter(w)
	files := tar.NewWriter(zipped)
	folder := fmt.Sprintf("%s-support-%s", program, at.UTC().Format("20060102T150405Z"))
	for _, p := range parts {
		name := p.Name
		text, err := p.Collect(ctx)
		if err != nil {
			name, text = p.Name+".error.txt", []byte(err.Error()+"\n")
		}
		content := Redact(text)
		if len(content) > MaxPart {
			content = append(content[:MaxPart:MaxPart], "\n[cut here]\n"...)
		}
		header := &tar.Header{Typeflag: tar.TypeReg, Name: path.Join(folder, name), Mode: 0o600, Size: int64(len(content)), ModTime: at.UTC()}
		if err := files.WriteHeader(header); err != nil {
			return fmt.Errorf("bundle: %s: %w", name, err)
		}
		if _, err := files.Write(content); err != nil {
			return fmt.Errorf("bundle: %s: %w", name, err)
		}
	}
	if err := files.Close(); err != nil {
		return fmt.Errorf("bundle: %w", err)
	}
	if err := zipped.Close(); err != nil {
		return fmt.Errorf("bundle: %w", err)
	}
	return nil
}

// Summary lists the parts that a bundle would have, for people who want to know
// before they send it.
func Summary(parts []Part) string {
	var names []string
	for _, p := range parts {
		names = append(names, p.Name)
	}
	return strings.Join(names, ", ")
}
