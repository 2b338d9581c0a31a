// Command gocrash crashes the way Go programs do. With GOTRACEBACK=crash the
// runtime ends by raising SIGABRT, whatever went wrong first.
//
//	gocrash panic|nil_read|nil_call|stack|deadlock
package main

import (
	"errors"
	"fmt"
	"os"
	"runtime/debug"
)

type order struct {
	customer string
	lines    []string
}

//go:noinline
func (o *order) first() string { return o.customer + o.lines[0] }

//go:noinline
func call(f func(int) int) int { return f(3) + 1 }

//go:noinline
func recurse(n int) int {
	var local [64]int
	local[n%64] = n
	return recurse(n+1) + local[(n+1)%64] //nolint:staticcheck // it shall overflow the stack
}

func main() {
	if len(os.Args) < 2 {
		fmt.Fprintln(os.Stderr, "gocrash: want an argument")
		os.Exit(64)
	}
	switch os.Args[1] {
	case "panic":
		panic(errors.New("from the crash lab"))
	case "nil_read":
		var o *order
		fmt.Println(o.first())
	case "nil_call":
		fmt.Println(call(nil))
	case "stack":
		debug.SetMaxStack(64 << 10)
		fmt.Println(recurse(0))
	case "deadlock":
		<-make(chan int)
	default:
		fmt.Fprintln(os.Stderr, "gocrash: no such crash:", os.Args[1])
		os.Exit(64)
	}
}
