package binaries

import (
	"bytes"
	"debug/elf"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// framed is a function whose call frame information we write ourselves.
const framed = `
.text
.globl framed
.type framed,@function
framed:
	.cfi_startproc
	push %rbp
	.cfi_def_cfa_offset 16
	.cfi_offset rbp,-16
	mov %rsp,%rbp
	.cfi_def_cfa_register rbp
	push %rbx
	.cfi_offset rbx,-24
	nop
	.cfi_remember_state
	pop %rbx
	.cfi_restore rbx
	leave
	.cfi_def_cfa rsp,8
	ret
	.cfi_restore_state
	nop
	ret
	.cfi_endproc
.size framed,.-framed
.globl main
.type main,@function
main:
	.cfi_startproc
	.cfi_undefined rip
	ret
	.cfi_endproc
.size main,.-main
.section .note.GNU-stack,"",@progbits
`

// assemble links framed and returns its path.
func assemble(t testing.TB, flags ...string) string {
	t.Helper()
	gcc, err := exec.LookPath("gcc")
	if err != nil {
		t.Skip("gcc is not installed")
	}
	dir := t.TempDir()
	src := filepath.Join(dir, "framed.s")
	if err := os.WriteFile(src, []byte(framed), 0o600); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "framed")
	if out, err := exec.Command(gcc, append([]string{"-Wl,--build-id", "-o", path, src}, flags...)...).CombinedOutput(); err != nil {
		t.Skipf("gcc can't build for x86-64: %v\n%s", err, out)
	}
	return path
}

// TestUnwind checks every row of a function, with the search table of a dynamic
// program and without it in a static one.
func TestUnwind(t *testing.T) {
	for _, flags := range [][]string{nil, {"-static", "-Wl,--no-eh-frame-hdr"}} {
		path := assemble(t, flags...)
		e, err := elf.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = e.Close() })
		start := symbol(t, e, "framed")
		const rbx, rbp, rsp, ra = 3, 6, 7, 16
		for _, c := range []struct {
			at    uint64 // bytes into the function
			reg   uint64
			off   int64
			saved map[uint64]int64
		}{
			{0, rsp, 8, map[uint64]int64{ra: -8}},
			{1, rsp, 16, map[uint64]int64{ra: -8, rbp: -16}},
			{4, rbp, 16, map[uint64]int64{ra: -8, rbp: -16}},
			{5, rbp, 16, map[uint64]int64{ra: -8, rbp: -16, rbx: -24}},
			{7, rbp, 16, map[uint64]int64{ra: -8, rbp: -16}},
			{8, rsp, 8, map[uint64]int64{ra: -8, rbp: -16}},
			{9, rbp, 16, map[uint64]int64{ra: -8, rbp: -16, rbx: -24}},
		} {
			row, err := unwindAt(e, start+c.at)
			if err != nil {
				t.Errorf("%v, framed+%d: %v", flags, c.at, err)
				continue
			}
			if row.CFARegister != c.reg || row.CFAOffset != c.off || row.ReturnRegister != ra || len(row.Saved) != len(c.saved) {
				t.Errorf("%v, framed+%d: %+v, want register %d, offset %d, saved %v", flags, c.at, row, c.reg, c.off, c.saved)
			}
			for reg, off := range c.saved {
				if row.Saved[reg] != off {
					t.Errorf("%v, framed+%d: register %d at %d, want %d", flags, c.at, reg, row.Saved[reg], off)
				}
			}
		}
		if row, err := unwindAt(e, symbol(t, e, "main")); err != nil || !row.Lost[ra] {
			t.Errorf("%v, main: %+v, %v; want the return address to be undefined", flags, row, err)
		}
		if row, err := unwindAt(e, 1); err == nil {
			t.Errorf("%v: address 1 has row %+v", flags, row)
		}
	}
}

func symbol(t *testing.T, e *elf.File, name string) uint64 {
	t.Helper()
	all, err := e.Symbols()
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range all {
		if s.Name == name {
			return s.Value
		}
	}
	t.Fatalf("no symbol %s", name)
	return 0
}

// FuzzFile opens arbitrary bytes as a binary and asks it everything.
func FuzzFile(f *testing.F) {
	path := assemble(f, "-nostdlib", "-Wl,-e,main", "-Wl,-z,noseparate-code", "-s")
	b, err := os.ReadFile(path)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(b, uint64(0x238))
	f.Add(b[:len(b)/2], uint64(0x400))
	f.Fuzz(func(t *testing.T, data []byte, addr uint64) {
		e, err := elf.NewFile(bytes.NewReader(data))
		if err != nil {
			return
		}
		im := &image{elf: e}
		if a, ok := im.address(addr); ok {
			addr = a
		}
		if row, err := unwindAt(e, addr); err == nil && len(row.Saved) > len(data) {
			t.Errorf("%d saved registers from %d bytes", len(row.Saved), len(data))
		}
		buildIDOf(e)
		table, err := readSymbols(e, bytes.NewReader(data))
		if err == nil {
			table.at(addr)
		}
	})
}
