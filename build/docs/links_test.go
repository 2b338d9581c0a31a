package docs

import (
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// link matches the target of a Markdown link or picture.
var link = regexp.MustCompile(`\]\(([^)\s]+)\)`)

// pages lists the checkout's Markdown files.
func pages(t *testing.T, root string) []string {
	t.Helper()
	var found []string
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && path != root && (strings.HasPrefix(d.Name(), ".") || skipped[d.Name()]) {
			return filepath.SkipDir
		}
		if strings.HasSuffix(path, ".md") {
			found = append(found, path)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

var skipped = map[string]bool{"node_modules": true, "dist": true, "bin": true, "coverage": true, "testdata": true}

func TestLinksLeadSomewhere(t *testing.T) {
	root := filepath.Join("..", "..")
	found := pages(t, root)
	if len(found) < 5 {
		t.Fatalf("only %d pages found: the test would prove nothing", len(found))
	}
	reached := make(map[string]bool)
	for _, page := range found {
		text, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range link.FindAllStringSubmatch(string(text), -1) {
			u, err := url.Parse(m[1])
			if err != nil {
				t.Errorf("%s: link %s: %v", page, m[1], err)
				continue
			}
			if u.Scheme != "" || u.Path == "" {
				continue
			}
			target := filepath.Join(filepath.Dir(page), filepath.FromSlash(u.Path))
			reached[target] = true
			if _, err := os.Stat(target); err != nil {
				t.Errorf("%s: link %s leads nowhere", page, m[1])
			}
		}
	}
	for _, page := range found {
		if strings.HasPrefix(page, filepath.Join(root, "docs")+string(filepath.Separator)) && !reached[page] && filepath.Base(page) != "README.md" {
			t.Errorf("%s: no page links to it", page)
		}
	}
}
