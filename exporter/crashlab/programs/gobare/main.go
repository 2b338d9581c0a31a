// Command gobare crashes as C programs do, on every machine that Go compiles
// for: it takes the runtime's handlers for faults away first, so that the
// kernel (or qemu-user) writes the core at the fault itself.
//
// Go keeps its stack aligned to 8 bytes only on most machines, so the same crash
// comes in two kinds: with and without a word more on the stack.
//
//	gobare return|call|read [shifted]
package main

import (
	"os"
	"runtime"
	"syscall"
	"unsafe"
)

// returnToNull returns to address 0, see null_*.s.
func returnToNull()

//go:noinline
func call(f func(int) int) int { return f(3) + 1 }

//go:noinline
func read(p *int) int { return *p + 1 }

// crash crashes in the way that its argument names.
//
//go:noinline
func crash(how string) {
	switch how {
	case "return":
		returnToNull()
	case "call":
		closure := &struct{ code uintptr }{} // a func value is a pointer to its code's address
		println(call(*(*func(int) int)(unsafe.Pointer(&closure))))
	case "read":
		println(read(nil))
	}
}

// shifted crashes one word further down the stack than crash does. Its second
// argument, nil, keeps the compiler from removing its local.
//
//go:noinline
func shifted(how string, words []uintptr) {
	var local [3]uintptr
	local[len(words)] = uintptr(len(how))
	local[len(words)+1] = uintptr(len(how))
	crash(how)
	println(local[len(words)], local[len(words)+1])
}

// defaultAction restores the default action of a signal behind the runtime's back.
func defaultAction(signal uintptr) {
	var action [64]byte // struct sigaction of the kernel: zero is SIG_DFL
	_, _, e := syscall.RawSyscall6(syscall.SYS_RT_SIGACTION, signal, uintptr(unsafe.Pointer(&action)), 0, 8, 0, 0)
	if e != 0 {
		println("gobare: rt_sigaction:", e)
		os.Exit(1)
	}
}

func main() {
	if len(os.Args) < 2 {
		println("gobare: want an argument")
		os.Exit(64)
	}
	runtime.LockOSThread()
	defaultAction(uintptr(syscall.SIGSEGV))
	defaultAction(uintptr(syscall.SIGBUS))
	if len(os.Args) > 2 {
		shifted(os.Args[1], nil)
	} else {
		crash(os.Args[1])
	}
	println("gobare: no such crash:", os.Args[1])
	os.Exit(64)
}
