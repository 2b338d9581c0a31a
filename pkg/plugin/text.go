package plugin

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/epicurve/epicurve/pkg/crash"
)

// logLine says a crash in one line.
func logLine(r *crash.Record) string {
	what := cmp.Or(r.Finding.Signature, string(r.Finding.Kind), string(r.Finding.Class))
	line := fmt.Sprintf("%s: %s", cmp.Or(r.Process.Executable, "unknown executable"), what)
	if r.Fault.Signal != "" {
		line += " (" + r.Fault.Signal + ")"
	}
	if r.Host.Name != "" {
		line += " on " + r.Host.Name
	}
	if len(r.Finding.Reasons) > 0 {
		line += ": " + strings.Join(r.Finding.Reasons, "; ")
	}
	return line
}

func joinLines(s []string) string { return strings.Join(s, "\n") }
