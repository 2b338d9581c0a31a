package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// A bundle of a real archive that asks for tokens: its pages, and not the token.
func TestSupportBundle(t *testing.T) {
	dir := t.TempDir()
	tokens, holders := holders(t, dir)
	p := start(t, filepath.Join(dir, "archive.duckdb"), "--auth.tokens-file", tokens)
	secret := filepath.Join(dir, "token")
	if err := os.WriteFile(secret, []byte(holders[0].token+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	output := filepath.Join(dir, "bundle.tar.gz")
	args := []string{"support-bundle", "--archive.url", p.url, "--archive.token-file", secret, "--output", output}
	var stdout, stderr bytes.Buffer
	if code := run(t.Context(), args, strings.NewReader(""), &stdout, &stderr); code != 0 {
		t.Fatalf("exit code %d: %s", code, stderr.String())
	}
	if out, err := exec.Command("tar", "-xzf", output, "--strip-components=1", "-C", dir).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	for name, want := range map[string]string{
		"metrics.txt": "epicurve_archive_", "ready.txt": "eady", "status.json": `"records"`, "version.txt": "epicurve-archive",
	} {
		text, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Error(err)
			continue
		}
		if !bytes.Contains(text, []byte(want)) {
			t.Errorf("%s lacks %q: %.200s", name, want, text)
		}
		if bytes.Contains(text, []byte(holders[0].token)) {
			t.Errorf("%s holds the token", name)
		}
	}
	if code := run(t.Context(), args, strings.NewReader(""), &stdout, &stderr); code == 0 || !strings.Contains(stderr.String(), "exists") {
		t.Errorf("a bundle was overwritten: exit code %d, %s", code, stderr.String())
	}
}
