package quickstart

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestReadPage(t *testing.T) {
	page := filepath.Join(t.TempDir(), "page.md")
	write := func(text string) {
		t.Helper()
		if err := os.WriteFile(page, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("# A\n\n```sh\none\ntwo\n```\n\n```console\n$ not this\n```\n\n```sh retry\nthree\n```\n")
	got, err := ReadPage(page)
	if err != nil {
		t.Fatal(err)
	}
	want := []Block{{Line: 4, Text: "one\ntwo\n"}, {Line: 13, Text: "three\n", Retry: true}}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("blocks (-want +got):\n%s", d)
	}
	for text, said := range map[string]string{"```sh\nopen\n": "line 2 has no end", "no commands": "has no commands"} {
		write(text)
		if _, err := ReadPage(page); err == nil || !strings.Contains(err.Error(), said) {
			t.Errorf("page %q: error %v, want one with %q", text, err, said)
		}
	}
}

// The page that people follow has commands that a shell can read; running them
// takes a container (go tool mage quickstart).
func TestInstallPage(t *testing.T) {
	blocks, err := ReadPage("../../docs/install.md")
	if err != nil {
		t.Fatal(err)
	}
	if len(blocks) < 10 {
		t.Errorf("only %d blocks", len(blocks))
	}
	for _, b := range blocks {
		cmd := exec.Command("bash", "-n")
		cmd.Stdin = strings.NewReader(b.Text)
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("docs/install.md:%d: %v: %s", b.Line, err, out)
		}
	}
}
