package crashlab

import (
	"fmt"
	"slices"

	"github.com/epicurve/epicurve/pkg/crash"
)

// Mode is one way to crash: a program, how it is compiled and called, how its
// core file is taken, and what a classifier must say about it.
type Mode struct {
	// Name is unique: lower-case letters, digits and underscores.
	Name string
	// Summary says in a few words what happens.
	Summary string
	// Program is the source file under programs/; Args are its arguments.
	Program string
	Args    []string
	// Flags are given to the compiler after those that every program gets.
	Flags []string
	// Toolchain compiles the program; a Go program may be for another machine,
	// named by its GOARCH.
	Toolchain Toolchain
	GOARCH    string
	// Take says who writes the core file and how much of it.
	Take Take
	// Want is what the way of crashing implies.
	Want Want
}

// Take says who writes a core file and how much of it is kept. The zero value
// is the kernel with its usual filter (0x33) and no limit.
type Take struct {
	// Producer writes the core file.
	Producer Producer
	// Filter is the value for /proc/self/coredump_filter, such as "0x00".
	Filter string
	// Limit is the process's RLIMIT_CORE in bytes (a multiple of 512); 0 is
	// as much as the machine allows.
	Limit int64
	// Cut keeps only the first bytes of the finished core when CutShort is set.
	Cut      int64
	CutShort bool
	// Env holds NAME=value pairs of the child's otherwise empty environment.
	Env []string
}

// Producer is who writes a core file.
type Producer string

// The producers.
const (
	Kernel Producer = ""      // the Linux kernel, when the process dies
	Gcore  Producer = "gcore" // gdb's gcore, of a process that lives on
	GDB    Producer = "gdb"   // gdb's generate-core-file, where the fault stopped it
	Qemu   Producer = "qemu"  // qemu-user, when its guest dies
)

// Want is the truth about a core, as testdata/cores/truth.json has it.
type Want struct {
	Class string `json:"class"`
	Kind  string `json:"kind"`
	// Accept lists the classes that are right to give where the evidence in
	// the core does not settle it; empty means Class only.
	Accept []string `json:"accept,omitempty"`
	// AcceptKinds lists further kinds that are right to give.
	AcceptKinds []string `json:"accept_kinds,omitempty"`
	Note        string   `json:"note,omitempty"`
}

// Unreadable is the class of a file that is not a usable core; the kind then
// says why.
const Unreadable = "unreadable"

// AcceptsClass reports whether class is right to give.
func (w Want) AcceptsClass(class string) bool {
	return class == w.Class || slices.Contains(w.Accept, class)
}

// AcceptsKind reports whether kind is right to give.
func (w Want) AcceptsKind(kind string) bool {
	return kind == w.Kind || slices.Contains(w.AcceptKinds, kind)
}

// Ambiguous reports whether the evidence in the core does not settle the class.
func (w Want) Ambiguous() bool { return len(w.Accept) > 0 }

// want is the truth that a kind implies; other kinds may be right, too.
func want(kind crash.Kind, accept ...crash.Kind) Want {
	w := Want{Class: string(kind.Class()), Kind: string(kind)}
	for _, k := range accept {
		w.AcceptKinds = append(w.AcceptKinds, string(k))
	}
	return w
}

// noted adds a note for people.
func (w Want) noted(note string) Want {
	w.Note = note
	return w
}

// Demo returns the six modes of the demo, each of one C program.
func Demo() []Mode {
	return []Mode{
		{Name: "return_to_null", Summary: "a function returns to address 0", Program: "return.c", Args: []string{"to", "null"}, Want: want(crash.KindReturnToNull)},
		{Name: "null_call", Summary: "a null function pointer is called", Program: "call.c", Args: []string{"call", "null"}, Want: want(crash.KindNullCall)},
		{Name: "null_deref", Summary: "a null pointer is read", Program: "access.c", Args: []string{"read", "null"}, Want: want(crash.KindNullDeref)},
		{Name: "abort", Summary: "the program calls abort", Program: "abort.c", Args: []string{"abort"}, Want: want(crash.KindAbort)},
		{Name: "stack_overflow", Summary: "a function recurses for ever", Program: "overflow.c", Args: []string{"main"}, Want: want(crash.KindStackOverflow)},
		{Name: "misaligned_stack", Summary: "the stack pointer is moved by 8 from outside (ptrace)", Program: "misalign.c", Args: []string{"return", "0x2a", "-8"}, Want: want(crash.KindMisalignedStack)},
	}
}

// Modes returns every mode, the demo's first.
func Modes() []Mode { return slices.Concat(Demo(), Zoo()) }

// Zoo returns the modes of the cores in testdata/cores.
func Zoo() []Mode {
	return slices.Concat(returnModes(), callModes(), accessModes(), endModes(), signalModes(),
		handlerModes(), misalignModes(), stackModes(), takeModes(), foreignModes(), raceModes())
}

// ModeByName finds a mode.
func ModeByName(name string) (Mode, error) {
	for _, m := range Modes() {
		if m.Name == name {
			return m, nil
		}
	}
	return Mode{}, fmt.Errorf("crash mode %q: no such mode", name)
}
