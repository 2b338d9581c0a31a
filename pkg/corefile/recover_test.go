package corefile_test

import (
	"debug/elf"
	"encoding/binary"
	"testing"

	"github.com/epicurve/epicurve/pkg/corefile"
	"github.com/epicurve/epicurve/pkg/coretest"
)

// putFrame writes the signal frame that x86-64 Linux pushes: pretcode,
// ucontext, siginfo (struct rt_sigframe).
func putFrame(stack []byte, base, frame uint64, pc, sp uint64, signo, code int32, addr uint64, alt [2]uint64) {
	b := stack[frame-base:]
	le := binary.LittleEndian
	le.PutUint64(b, 0x401100)         // pretcode
	le.PutUint64(b[8:], 6)            // uc_flags
	le.PutUint64(b[16:], 0)           // uc_link
	le.PutUint64(b[24:], alt[0])      // uc_stack.ss_sp
	le.PutUint32(b[32:], 2)           // SS_DISABLE
	le.PutUint64(b[40:], alt[1])      // ss_size
	le.PutUint64(b[48:], 0x8888)      // r8
	le.PutUint64(b[48+10*8:], 0xbbbb) // rbp
	le.PutUint64(b[168:], sp)
	le.PutUint64(b[176:], pc)
	le.PutUint64(b[184:], 0x10246) // eflags
	le.PutUint16(b[192:], 0x33)    // cs
	le.PutUint16(b[198:], 0x2b)    // ss
	le.PutUint64(b[232:], (frame+440+63)&^63)
	if alt[1] != 0 {
		le.PutUint32(b[32:], 0)
	}
	le.PutUint32(b[312:], uint32(signo))
	le.PutUint32(b[320:], uint32(code))
	le.PutUint64(b[328:], addr)
}

const stackBase = 0x7ff00000

// raisedCore is a handler of SIGSEGV, entered for a jump to 0, that has called
// raise: the registers are in tgkill.
func raisedCore(t testing.TB) coretest.Core {
	c := ports[0].core(t)
	stack := make([]byte, 0x8000)
	putFrame(stack, stackBase, stackBase+0x2e08, 0x666, stackBase+0x4000, 11, 1, 0x666, [2]uint64{})
	c.Segments[2] = coretest.Segment{Start: stackBase, Size: 0x8000, Flags: elf.PF_R | elf.PF_W, Data: stack}
	c.Threads[0].Registers["orig_rax"] = 234 // tgkill
	c.Signal = &coretest.Signal{Number: 11, Code: -6, SenderPID: 4241}
	return c
}

func TestRecover(t *testing.T) {
	const frame = stackBase + 0x2e08
	sp := uint64(stackBase + 0x4000)
	want := &corefile.Recovered{FrameAddr: frame}
	tests := []struct {
		name  string
		alter func(c *coretest.Core, stack []byte)
		want  *corefile.Recovered
	}{
		{"re-raised", func(*coretest.Core, []byte) {}, want},
		{"aborted", func(c *coretest.Core, _ []byte) { c.Signal.Number = 6 }, want},
		{"killed by itself", func(c *coretest.Core, _ []byte) { c.Signal.Code = 0 }, want},
		{"queued with the first signal's information", func(c *coretest.Core, _ []byte) {
			c.Threads[0].Registers["orig_rax"] = 297
			c.Signal.Code, c.Signal.Addr = 1, 0x666
		}, want},
		{"killed by another process", func(c *coretest.Core, _ []byte) {
			c.Signal.Code, c.Signal.SenderPID = 0, 99
		}, nil},
		{"a fault of its own", func(c *coretest.Core, _ []byte) {
			c.Threads[0].Registers["orig_rax"] = ^uint64(0)
			c.Signal.Code = 1
		}, nil},
		{"another signal's handler", func(_ *coretest.Core, s []byte) { s[0x2e08+312] = 10 }, nil},
		{"kernel code selector", func(_ *coretest.Core, s []byte) { s[0x2e08+192] = 0x10 }, nil},
		{"interrupts off", func(_ *coretest.Core, s []byte) { s[0x2e08+185] = 0 }, nil},
		{"uc_link set", func(_ *coretest.Core, s []byte) { s[0x2e08+16] = 1 }, nil},
		{"FPU state elsewhere", func(_ *coretest.Core, s []byte) { s[0x2e08+232] = 1 }, nil},
		{"stack pointer below the frame", func(_ *coretest.Core, s []byte) {
			binary.LittleEndian.PutUint64(s[0x2e08+168:], stackBase)
		}, nil},
		{"frame not aligned", func(_ *coretest.Core, s []byte) { copy(s[0x2e10:], s[0x2e08:0x2e08+440]); clear(s[0x2e08:0x2e10]) }, nil},
		{"alternate stack", func(_ *coretest.Core, s []byte) {
			putFrame(s, stackBase, frame, 0x666, 0x5000, 11, 1, 0x666, [2]uint64{stackBase, 0x8000})
		}, &corefile.Recovered{FrameAddr: frame, AltStack: true}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := raisedCore(t)
			tt.alter(&c, c.Segments[2].Data)
			img := coretest.Must(c)
			f, err := corefile.Read(img, img.Size(), corefile.Options{})
			if err != nil {
				t.Fatal(err)
			}
			got := f.Recovered
			if (got == nil) != (tt.want == nil) {
				t.Fatalf("recovered %+v, want %+v", got, tt.want)
			}
			if got == nil {
				return
			}
			r := got.Registers
			if got.FrameAddr != tt.want.FrameAddr || got.AltStack != tt.want.AltStack || r.PC != 0x666 || r.FP != 0xbbbb {
				t.Errorf("frame %#x alt %v pc %#x fp %#x", got.FrameAddr, got.AltStack, r.PC, r.FP)
			}
			if r8, _ := r.Value("r8"); r8 != 0x8888 || got.Signal.Addr != 0x666 || got.Signal.Code != 1 || got.Signal.Number != 11 {
				t.Errorf("r8 %#x, signal %+v", r8, got.Signal)
			}
			if !tt.want.AltStack && r.SP != sp {
				t.Errorf("sp %#x", r.SP)
			}
			if _, ok := f.Memory.Word(sp); !ok && !tt.want.AltStack {
				t.Error("the stack of the recovered context was not captured")
			}
		})
	}
}

// TestRecoverReturned: the handler has returned before its signal came; the
// frame is below the stack pointer and must describe exactly this place.
func TestRecoverReturned(t *testing.T) {
	for name, pc := range map[string]uint64{"same": 0, "other": 0x123} {
		c := raisedCore(t)
		stack := make([]byte, 0x8000)
		sp := uint64(stackBase + 0x6000)
		putFrame(stack, stackBase, sp-0xc08-0x1000, pc, sp, 11, 1, 0x42, [2]uint64{})
		c.Segments[2].Data = stack
		c.Threads[0].Registers["orig_rax"] = ^uint64(0)
		c.Threads[0].Registers["rip"], c.Threads[0].Registers["rsp"] = 0, sp
		img := coretest.Must(c)
		f, err := corefile.Read(img, img.Size(), corefile.Options{})
		if err != nil {
			t.Fatal(err)
		}
		if got := f.Recovered != nil; got != (name == "same") {
			t.Errorf("%s: recovered %+v", name, f.Recovered)
		}
		if f.Recovered != nil && f.Recovered.Signal.Addr != 0x42 {
			t.Errorf("signal %+v", f.Recovered.Signal)
		}
	}
}
