package main

import (
	"io"
	"regexp"
	"strings"
	"testing"

	"github.com/alecthomas/kingpin/v2"
)

// Arguments of a process are seen by every user of its machine: a flag may name
// the file that holds a secret, never the secret.
func TestFlagsTakeNoSecrets(t *testing.T) {
	secret := regexp.MustCompile(`(?i)token|password|passphrase|secret|credential|private.?key`)
	seen := 0
	check := func(command string, flags []*kingpin.FlagModel) {
		for _, f := range flags {
			seen++
			if secret.MatchString(f.Name) && !strings.HasSuffix(f.Name, "-file") && !strings.HasSuffix(f.Name, ".file") {
				t.Errorf("%s --%s takes a secret; take the name of a file", command, f.Name)
			}
		}
	}
	app := newCLI(strings.NewReader(""), io.Discard, io.Discard).app.Model()
	check("", app.Flags)
	var walk func([]*kingpin.CmdModel)
	walk = func(commands []*kingpin.CmdModel) {
		for _, c := range commands {
			check(c.FullCommand, c.Flags)
			walk(c.Commands)
		}
	}
	walk(app.Commands)
	if seen < 10 {
		t.Errorf("only %d flags were looked at", seen)
	}
}
