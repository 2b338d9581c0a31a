package scanning

import (
	"archive/zip"
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/klauspost/compress/zstd"
)

// Core is one core of the corpus.
type Core struct {
	Name    string // such as ret_null
	Content []byte // not compressed
}

// Corpus reads the stored cores of a checkout whose content is at most most bytes.
func Corpus(root string, most int) ([]Core, error) {
	paths, err := filepath.Glob(filepath.Join(root, "testdata", "cores", "*.core.zst"))
	if err != nil || len(paths) == 0 {
		return nil, errors.Join(fmt.Errorf("no cores in testdata/cores of %s", root), err)
	}
	d, err := zstd.NewReader(nil)
	if err != nil {
		return nil, err
	}
	defer d.Close()
	var out []Core
	for _, p := range paths {
		packed, err := os.ReadFile(p)
		if err != nil {
			return nil, err
		}
		content, err := d.DecodeAll(packed, nil)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", p, err)
		}
		if len(content) > 0 && len(content) <= most {
			out = append(out, Core{strings.TrimSuffix(filepath.Base(p), ".core.zst"), content})
		}
	}
	return out, nil
}

// Zip packs a core as core-dump-handler does.
func Zip(c Core, at time.Time) ([]byte, error) {
	base := fmt.Sprintf("5b2a7e2e-6b0c-4a3a-9d3a-0f9f5c1d2e3f-dump-%d-pod-1-%s-7-11", at.Unix(), c.Name)
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for _, f := range []struct{ name, text string }{
		{"-dump-info.json", fmt.Sprintf(`{"uuid":"5b2a7e2e-6b0c-4a3a-9d3a-0f9f5c1d2e3f", "dump_file":"%s.core", "timestamp": "%d",
        "hostname": "pod-1", "exe": "%s", "real_pid": "7", "signal": "11", "node_hostname": "node-1", "path": "!app" }`, base, at.Unix(), c.Name)},
		{".core", string(c.Content)},
		{"-pod-info.json", `{"id":"p1","metadata":{"name":"pod-1","namespace":"shop","uid":"u"},"labels":{"app":"cart"}}`},
		{"-runtime-info.json", `{"status":{"metadata":{"name":"pod-1","namespace":"shop"}}}`},
		{"-ps-info.json", `{"containers":[{"id":"c1","image":{"image":"sha256:1"},"imageRef":"sha256:1","metadata":{"name":"cart"}}]}`},
		{"-0.log", "the last lines of the container"},
		{"-0-image-info.json", `{"id":"sha256:1","repoTags":["registry/cart:1.2"],"repoDigests":[]}`},
	} {
		entry, err := w.Create(base + f.name)
		if err != nil {
			return nil, err
		}
		if _, err := entry.Write([]byte(f.text)); err != nil {
			return nil, err
		}
	}
	err := w.Close()
	return b.Bytes(), err
}
