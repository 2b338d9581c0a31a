package classify

import (
	"strings"

	"github.com/epicurve/epicurve/pkg/crash"
)

// maxSignature is the bound of crash.signature and crash.caller in bytes.
const maxSignature = 512

// signature prints the grouping text of a ruling. It holds no address, host,
// pid or time: nothing that differs between two runs of one bug.
//
//	return_to_null in leafd                           control flow is corrupt, the place incidental
//	sent_signal SIGQUIT in leafd                      nothing in the program is at fault
//	null_deref at libfoo.so!ns::f(int)+0x12           a symbol is at hand
//	null_deref at libfoo.so+0x1234 (build 1a2b3c4d)   only the module is
//	null_deref in leafd                               not even that
func (v *view) signature(r ruling) string {
	parts := []string{string(r.kind)}
	if r.detail != "" {
		parts = append(parts, r.detail)
	}
	if place := v.signaturePlace(r); place != "" {
		parts = append(parts, "at", place)
	} else if exe := v.executable(); exe != "" {
		parts = append(parts, "in", exe)
	}
	return printable(strings.Join(parts, " "), maxSignature)
}

// signaturePlace names the place of a ruling, "" where it is incidental.
func (v *view) signaturePlace(r ruling) string {
	if r.kind.ControlFlowCorrupt() || r.at == 0 {
		return ""
	}
	s, ok := v.siteOf(r.at)
	if !ok {
		return ""
	}
	name := v.name(s)
	if strings.Contains(name, "!") || s.buildID == "" {
		return name
	}
	return name + " (build " + shortBuild(s.buildID) + ")"
}

// shortBuild is the first 8 digits of a build id, as people quote it.
func shortBuild(id string) string { return printable(id[:min(len(id), 8)], 8) }

// caller prints the first believable caller.
func (v *view) caller(kind crash.Kind) string {
	sites := v.callers()
	if len(sites) == 0 {
		return ""
	}
	c := sites[0]
	switch kind {
	case crash.KindAbort, crash.KindAssert, crash.KindUncaughtException, crash.KindHeapCorruption, crash.KindSentSignal:
		if out, ok := v.firstOutside(sites); ok {
			c = out
		}
	}
	return printable(v.name(c.site), maxSignature)
}
