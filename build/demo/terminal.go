package demo

import (
	"os"

	"golang.org/x/sys/unix"
)

// OnTerminal reports whether a person is watching: the file is a terminal and
// this is not CI.
func OnTerminal(f *os.File) bool {
	if os.Getenv("CI") != "" {
		return false
	}
	_, err := unix.IoctlGetTermios(int(f.Fd()), unix.TCGETS)
	return err == nil
}
