package classify

import (
	"fmt"
	"strconv"

	"github.com/epicurve/epicurve/pkg/corefile"
	"github.com/epicurve/epicurve/pkg/crash"
)

// maxReasons is the bound of crash.reasons.
const maxReasons = 32

// Classify rules on the facts of a core. It never fails: what the evidence
// doesn't settle is ambiguous, what nothing explains is of kind unknown. Nil
// facts give that too. Classify neither keeps nor changes f.
func Classify(f *corefile.Facts, opt Options) crash.Finding {
	finding, _ := classify(f, opt)
	return finding
}

func classify(f *corefile.Facts, opt Options) (crash.Finding, *view) {
	if f == nil {
		f = &corefile.Facts{}
	}
	v := newView(f, opt)
	rule, r := v.decide()
	finding := crash.Finding{
		Class:      r.kind.Class(),
		Kind:       r.kind,
		Confidence: r.confidence,
		Signature:  v.signature(r),
		Caller:     v.caller(r.kind),
	}
	finding.Reasons = v.reasons(rule, r)
	finding.HardwareReasons = v.hardware(r)
	finding.HardwareSuspect = len(finding.HardwareReasons) > 0
	return finding, v
}

// decide asks the rules in order.
func (v *view) decide() (Rule, ruling) {
	for _, rule := range ruleList {
		if r, ok := rule.apply(v); ok {
			return rule, r
		}
	}
	return Rule{Name: "none"}, ruling{kind: crash.KindUnknown, confidence: crash.ConfidenceAmbiguous}
}

// reasons joins what holds whatever rule decided with the rule's own reasons
// and names the rule.
func (v *view) reasons(rule Rule, r ruling) []string {
	all := make([]string, 0, len(v.notes)+len(r.reasons)+3)
	all = append(append(all, v.notes...), r.reasons...)
	if r.confidence == crash.ConfidenceAmbiguous {
		all = append(all, "The evidence does not settle it.")
	}
	if v.f.Truncated {
		all = append(all, "The core file is cut short; what it does not hold is unknown, not zero.")
	}
	all = append(all, "Decided by rule "+rule.Name+", version "+strconv.Itoa(Version)+".")
	for i := range all {
		all[i] = printable(all[i], crash.MaxListItem)
	}
	return all[:min(len(all), maxReasons)]
}

// Record fills the parts of a record that a core tells: id, source, versions,
// finding, fault and process. The caller adds time, host, cloud and container.
func Record(f *corefile.Facts, opt Options) crash.Record {
	if f == nil {
		f = &corefile.Facts{}
	}
	finding, v := classify(f, opt)
	return crash.Record{
		ID:                identity(f),
		Source:            crash.SourceCore,
		SchemaVersion:     crash.SchemaVersion,
		ClassifierVersion: Version,
		Finding:           finding,
		Fault:             v.fault(),
		Process: crash.Process{
			Executable: v.executable(),
			BuildID:    printable(f.ExecutableBuildID, 128),
			PID:        crash.Some(f.Process.PID),
		},
	}
}

// identity derives the crash id from the notes that make a crash unique.
func identity(f *corefile.Facts) crash.ID {
	h := crash.NewHasher("core")
	for _, n := range f.Identity {
		h.Add(n.Name+"/"+strconv.FormatUint(uint64(n.Type), 10), n.Desc)
	}
	return h.ID()
}

// fault fills the part of the record that states facts only.
func (v *view) fault() crash.Fault {
	f := v.f
	out := crash.Fault{
		Signal:      SignalName(v.sig.Number),
		SignalNum:   crash.Some(int64(v.sig.Number)),
		PC:          crash.Some(v.pc),
		SP:          crash.Some(v.sp),
		StackWords:  v.stackWords(),
		Arch:        v.abi.arch,
		ThreadCount: crash.Some(int64(f.ThreadCount)),
		ThreadID:    crash.Some(f.Thread.ID),
		Truncated:   f.Truncated,
		Compression: f.Compression,
		BytesRead:   crash.Some(f.BytesRead),
	}
	if v.sig.HasInfo {
		out.Code = crash.Some(int64(v.sig.Code))
	}
	if v.sig.HasAddr {
		out.Addr = crash.Some(v.sig.Addr)
	}
	if v.regs.HasFP {
		out.FP = crash.Some(v.regs.FP)
	}
	if v.regs.HasLR {
		out.LR = crash.Some(v.regs.LR)
	}
	if s, ok := v.siteOf(v.pc); ok {
		out.Module = s.module
	}
	if f.Size >= 0 {
		out.FileSize = crash.Some(f.Size)
	}
	if frames := v.frames(); len(frames) > 0 {
		out.Frames = make([]string, len(frames))
		for i, c := range frames {
			out.Frames[i] = printable(v.name(c.site), crash.MaxListItem)
		}
	}
	if v.opt.Registers {
		for i, name := range v.regs.Names {
			if i < len(v.regs.Values) && len(out.Registers) < 64 {
				out.Registers = append(out.Registers, printable(fmt.Sprintf("%s=%#x", name, v.regs.Values[i]), 64))
			}
		}
	}
	return out
}

// ruleList is the ordered list, built once.
var ruleList = Rules()
