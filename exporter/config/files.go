package config

import (
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
)

// CheckFiles reads the files that the configuration names, as --config.check
// does. What is missing now may be there later, so a running exporter only
// reports it when it needs the file.
func (c *Config) CheckFiles() error {
	var errs []error
	check := func(field, path string, wrong func([]byte) string) {
		if path == "" {
			return
		}
		text, err := head(path)
		if err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", field, err))
			return
		}
		if what := wrong(text); what != "" {
			errs = append(errs, fmt.Errorf("%s: %s: %s", field, path, what))
		}
	}
	check("archive.token_file", c.Archive.TokenFile, notOneLine)
	check("archive.ca_file", c.Archive.CAFile, func(pem []byte) string {
		if !x509.NewCertPool().AppendCertsFromPEM(pem) {
			return "holds no PEM certificate"
		}
		return ""
	})
	check("push.headers_file", c.Push.HeadersFile, notHeaders)
	check("annotations.physical_host_file", c.Annotations.PhysicalHostFile, func(text []byte) string {
		if first, _, _ := strings.Cut(string(text), "\n"); strings.TrimSpace(first) == "" {
			return "its first line is empty"
		}
		return ""
	})
	if argv := c.Annotations.PhysicalHostCommand; len(argv) > 0 {
		if st, err := os.Stat(argv[0]); err != nil {
			errs = append(errs, fmt.Errorf("annotations.physical_host_command: %w", err))
		} else if st.IsDir() || st.Mode()&0o111 == 0 {
			errs = append(errs, fmt.Errorf("annotations.physical_host_command: %s is not executable", argv[0]))
		}
	}
	if c.Core.Root != "" {
		if st, err := os.Stat(c.Core.Root); err != nil || !st.IsDir() {
			errs = append(errs, fmt.Errorf("core.root: %s is no directory", c.Core.Root))
		}
	}
	return errors.Join(errs...)
}

// Remarks tells what is allowed, but perhaps not meant.
func (c *Config) Remarks() []string {
	var all []string
	for i, dir := range c.Core.Dirs {
		if found, err := filepath.Glob(dir); err == nil && len(found) == 0 {
			all = append(all, fmt.Sprintf("core.dirs[%d]: %s does not exist now; it is watched once it appears", i, dir))
		}
	}
	for i, f := range c.Logs.Files {
		if _, err := os.Stat(f.Path); err != nil {
			all = append(all, fmt.Sprintf("logs.files[%d]: %s cannot be read now; it is followed once it appears", i, f.Path))
		}
	}
	if c.Archive.URL == "" {
		all = append(all, "archive.url: is empty: crashes are counted and kept in the spool, and shipped nowhere")
	}
	if strings.HasPrefix(c.Archive.URL, "http:") && c.Archive.TokenFile != "" {
		all = append(all, "archive.url: is http: the token travels unencrypted")
	}
	return all
}

func head(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, maxFile))
}

func notOneLine(text []byte) string {
	if s := strings.TrimSpace(string(text)); s == "" || strings.ContainsAny(s, "\r\n") {
		return "want one line that is not empty"
	}
	return ""
}

func notHeaders(text []byte) string {
	for line := range strings.Lines(string(text)) {
		if name, _, ok := strings.Cut(line, ":"); strings.TrimSpace(line) != "" && (!ok || strings.TrimSpace(name) == "") {
			return "want lines of the form Name: value" // the line may be a secret
		}
	}
	return ""
}
