package crashlab

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path"
	"runtime"
	"strings"
)

// Toolchain is a compiler for one language and machine.
type Toolchain string

// The toolchains. The zero value goes by the name of the program: .c and .cpp.
const (
	Native Toolchain = ""
	I386   Toolchain = "i386"  // gcc -m32
	ARM64  Toolchain = "arm64" // aarch64-linux-gnu-gcc, run under qemu-aarch64
	GoTool Toolchain = "go"
	Rust   Toolchain = "rust"
)

// The directories of the Go programs under programs/.
const (
	goProgram  = "gocrash"
	goBareBone = "gobare"
)

// ErrNoTool is wrapped when a compiler or another program is not installed.
var ErrNoTool = errors.New("tool not found")

// tool finds a program on PATH.
func tool(name string) (string, error) {
	p, err := exec.LookPath(name)
	if err != nil {
		return "", fmt.Errorf("%w: %s: %w", ErrNoTool, name, err)
	}
	return p, nil
}

// compileCommand returns the command that builds source into out.
func (m Mode) compileCommand(source, out string) (name string, args []string) {
	switch m.Toolchain {
	case GoTool:
		return "go", append(append([]string{"build", "-trimpath", "-o", out}, m.Flags...), ".")
	case Rust:
		return "rustc", append(append([]string{"--edition=2021", "-o", out}, m.Flags...), source)
	case ARM64:
		return "aarch64-linux-gnu-gcc", append(append([]string{"-nostdlib", "-static", "-Wl,--build-id", "-o", out}, m.Flags...), source)
	}
	name = "gcc"
	if path.Ext(m.Program) == ".cpp" {
		name = "g++"
	}
	// -w: infinite recursion and arrays overrun on purpose are what we are here for.
	args = []string{"-w", "-pthread", "-Wl,--build-id", "-o", out}
	if m.Toolchain == I386 {
		// Debian without gcc-multilib keeps asm/ in the other multiarch directory.
		args = append(args, "-m32", "-idirafter", "/usr/include/x86_64-linux-gnu")
	}
	libs := []string{}
	for _, f := range m.Flags {
		if strings.HasPrefix(f, "-l") {
			libs = append(libs, f)
		} else {
			args = append(args, f)
		}
	}
	args = append(args, source)
	return name, append(args, libs...)
}

// compile builds the mode's program, whose source is at source, into out.
func (m Mode) compile(ctx context.Context, source, out string) error {
	name, args := m.compileCommand(source, out)
	p, err := tool(name)
	if err != nil {
		return fmt.Errorf("compile %s: %w", m.Program, err)
	}
	cmd := exec.CommandContext(ctx, p, args...)
	if m.Toolchain == GoTool {
		cmd.Dir = source
		cmd.Env = append(os.Environ(), "GOWORK=off", "GOFLAGS=", "CGO_ENABLED=0", "GOARCH="+cmp.Or(m.GOARCH, runtime.GOARCH))
	}
	if b, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("compile %s with %s: %w: %s", m.Program, name, err, lastLines(b))
	}
	return nil
}

// lastLines shortens a program's output for an error message.
func lastLines(b []byte) string {
	const most = 600
	s := strings.TrimSpace(string(b))
	if len(s) > most {
		s = "…" + s[len(s)-most:]
	}
	return s
}
