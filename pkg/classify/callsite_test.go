package classify

import (
	"debug/elf"
	"math/rand/v2"
	"testing"

	"golang.org/x/arch/x86/x86asm"

	"github.com/epicurve/epicurve/pkg/corefile"
)

// TestMayCall decodes bytes of all kinds and checks that the look at the opcode
// passes everything that the decoder takes for a near call.
func TestMayCall(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	bytesOf := []byte{0xe8, 0xff, 0x48, 0x41, 0x66, 0x67, 0xf2, 0xf3, 0x2e, 0x3e, 0x64, 0xd0, 0x10, 0x14, 0x15, 0x50, 0x90, 0x94}
	for _, m := range []elf.Machine{elf.EM_X86_64, elf.EM_386} {
		v := &view{f: &corefile.Facts{Machine: m}}
		calls, passed := 0, 0
		for range 200_000 {
			b := make([]byte, 2+random.IntN(longestCall-1))
			for i := range b {
				if b[i] = byte(random.Uint32()); random.IntN(3) > 0 {
					b[i] = bytesOf[random.IntN(len(bytesOf))]
				}
			}
			if v.mayCall(b) {
				passed++
			}
			if inst, err := x86asm.Decode(b, v.x86Mode()); err != nil || inst.Len != len(b) || inst.Op != x86asm.CALL {
				continue
			}
			if calls++; !v.mayCall(b) {
				t.Fatalf("%v: % x is a call", m, b)
			}
		}
		if calls < 1000 || passed > 150_000 {
			t.Errorf("%v: %d calls of %d passed: the sample tells nothing", m, calls, passed)
		}
	}
}
