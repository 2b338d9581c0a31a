package classify

import (
	"bytes"
	"debug/elf"
	"encoding/binary"
	"reflect"
	"regexp"
	"runtime"
	"testing"

	"github.com/epicurve/epicurve/pkg/corefile"
	"github.com/epicurve/epicurve/pkg/crash"
)

// FuzzClassify feeds arbitrary bytes to the reader and its facts to the
// classifier, and the same bytes as facts of their own making, which reach
// states that no core file on disk would.
func FuzzClassify(f *testing.F) {
	for _, b := range seedCores(f) {
		f.Add(b)
	}
	f.Add([]byte{})
	f.Add(bytes.Repeat([]byte{0, 1, 2, 0xff, 0xe8, 0x55}, 200))
	f.Fuzz(func(t *testing.T, data []byte) {
		if facts, err := corefile.Read(bytes.NewReader(data), int64(len(data)), corefile.Options{MaxDecompressed: 4 << 20}); err == nil {
			checkFinding(t, facts, Options{})
		}
		facts, opt := madeFacts(data)
		checkFinding(t, facts, opt)
		checkLog(t, data)
	})
}

// maxAlloc bounds what one classification may allocate, whatever the facts.
const maxAlloc = 1 << 20

var hexAddress = regexp.MustCompile(`0x[0-9a-f]{3,}`)

// checkFinding holds every finding to what callers rely on.
func checkFinding(t *testing.T, facts *corefile.Facts, opt Options) {
	t.Helper()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	rec := Record(facts, opt)
	runtime.ReadMemStats(&after)
	if used := after.TotalAlloc - before.TotalAlloc; used > maxAlloc {
		t.Fatalf("%d bytes allocated by one classification", used)
	}
	if again := Record(facts, opt); !reflect.DeepEqual(rec, again) {
		t.Fatalf("not deterministic:\n%+v\n%+v", rec, again)
	}
	checkClosed(t, rec.Finding)
	for _, field := range crash.Fields() {
		switch {
		case field.String != nil && len(*field.String(&rec)) > field.Bound:
			t.Errorf("%s exceeds %d bytes", field.Name, field.Bound)
		case field.Strings != nil && len(*field.Strings(&rec)) > field.Bound:
			t.Errorf("%s exceeds %d items", field.Name, field.Bound)
		}
	}
}

// checkClosed checks the sets, the reasons and the signature of a finding.
func checkClosed(t *testing.T, got crash.Finding) {
	t.Helper()
	if !got.Class.Valid() || !got.Kind.Valid() || got.Kind.Class() != got.Class {
		t.Fatalf("class %q, kind %q", got.Class, got.Kind)
	}
	if !reflect.DeepEqual([]crash.Confidence{got.Confidence}, filter(crash.Confidences(), got.Confidence)) {
		t.Errorf("confidence %q", got.Confidence)
	}
	if got.Signature == "" || len(got.Reasons) < 2 {
		t.Errorf("signature %q with reasons %q", got.Signature, got.Reasons)
	}
	if got.Kind.ControlFlowCorrupt() && hexAddress.MatchString(got.Signature) {
		t.Errorf("address in the signature %q", got.Signature)
	}
	if got.Kind == crash.KindReturnToNull && got.Confidence == crash.ConfidenceAmbiguous {
		t.Errorf("return_to_null, but ambiguous: %q", got.Reasons)
	}
	if got.HardwareSuspect != (len(got.HardwareReasons) > 0) {
		t.Errorf("hardware suspect %v with reasons %q", got.HardwareSuspect, got.HardwareReasons)
	}
}

func filter(all []crash.Confidence, c crash.Confidence) (out []crash.Confidence) {
	for _, x := range all {
		if x == c {
			out = append(out, x)
		}
	}
	return out
}

// made reads facts from a stream of bytes; an exhausted stream gives zeros.
type made struct{ b []byte }

func (m *made) byte() byte {
	if len(m.b) == 0 {
		return 0
	}
	x := m.b[0]
	m.b = m.b[1:]
	return x
}

func (m *made) word() uint64 {
	var b [8]byte
	m.b = m.b[copy(b[:], m.b):]
	return binary.LittleEndian.Uint64(b[:])
}

// address prefers values that rules look at.
func (m *made) address() uint64 {
	switch m.byte() % 12 {
	case 0:
		return 0
	case 1:
		return uint64(m.byte())
	case 2:
		return exeText + uint64(m.byte())
	case 3:
		return libcText + uint64(m.byte())
	case 4, 5:
		return spHome + uint64(m.byte())*4
	case 6:
		return heapAt + uint64(m.byte())
	case 7:
		return stackLow - 64 + uint64(m.byte())
	case 8:
		return ^uint64(0) - uint64(m.byte())
	case 9:
		return (exeText + uint64(m.byte())) ^ 1<<(m.byte()%64)
	}
	return m.word()
}

var madeMachines = []elf.Machine{elf.EM_X86_64, elf.EM_386, elf.EM_AARCH64, elf.EM_RISCV, elf.EM_PPC64, elf.EM_S390, elf.EM_ARM, elf.EM_MIPS}

// madeFacts turns bytes into facts on the x86-64 stage, bent in every field.
func madeFacts(data []byte) (*corefile.Facts, Options) {
	m := &made{data}
	s := newStage()
	f := s.facts
	f.Machine = madeMachines[m.byte()%byte(len(madeMachines))]
	if m.byte()%4 == 0 {
		f.Class, s.mem.word = elf.ELFCLASS32, 4
	}
	s.mem.complete = m.byte()%4 != 0
	r := &f.Thread.Registers
	r.PC, r.SP, r.FP, r.LR = m.address(), m.address(), m.address(), m.address()
	r.HasFP, r.HasLR = m.byte()%4 != 0, m.byte()%2 == 0
	for i := range r.Values {
		r.Values[i] = m.address()
	}
	r.Names = r.Names[:int(m.byte())%(len(r.Names)+1)]
	f.Signal = corefile.Signal{Number: int(m.byte()) % 70, HasInfo: m.byte()%4 != 0, Code: int(int8(m.byte())), Addr: m.address(), HasAddr: m.byte()%2 == 0, SenderPID: int64(m.byte())}
	if m.byte()%4 == 0 {
		f.Signal.Number, f.Signal.Code = sigSEGV, siKernel
	}
	if m.byte()%4 == 0 {
		f.Recovered = &corefile.Recovered{Registers: *r, Signal: corefile.Signal{Number: sigSEGV, HasInfo: true, Code: 1}}
		f.Recovered.Registers.PC, f.Recovered.Registers.SP = m.address(), m.address()
	}
	if m.byte()%8 == 0 {
		f.HasFiles, f.Files = false, nil
	}
	if m.byte()%8 == 0 {
		f.Auxv = nil
	}
	if m.byte()%8 == 0 {
		f.Memory = nil
	}
	f.Process.Name = string(m.b[:min(int(m.byte()), len(m.b))])
	for n := m.byte() % 24; n > 0; n-- {
		s.stack(r.SP-16+uint64(m.byte())*s.mem.word, m.address())
	}
	s.code(exeText, m.b[:min(256, len(m.b))]...)
	opt := Options{Registers: true}
	if m.byte()%2 == 0 {
		opt.Binaries = madeBinaries{m.b}
	}
	return f, opt
}

// madeBinaries answers with whatever bytes there are.
type madeBinaries struct{ b []byte }

func (m madeBinaries) Text(_, _ string, off uint64, n int) ([]byte, bool) {
	if n < 0 || off > uint64(len(m.b)) || uint64(n) > uint64(len(m.b))-off {
		return nil, false
	}
	return m.b[off : off+uint64(n)], true
}

func (m madeBinaries) Symbol(_, _ string, off uint64) (string, uint64, bool) {
	return string(m.b), off & 0xff, len(m.b)%2 == 1
}

func (m madeBinaries) Unwind(_, _ string, off uint64) (UnwindRow, bool) {
	if len(m.b) == 0 {
		return UnwindRow{}, false
	}
	x := uint64(m.b[off%uint64(len(m.b))])
	row := UnwindRow{CFARegister: x % 18, CFAOffset: int64(int8(x)), ReturnRegister: 16}
	row.Save(16, -8)
	row.Save(x%17, int64(x))
	return row, x%4 != 0
}
