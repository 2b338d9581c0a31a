// Package corefile reads what a Linux ELF core file says about a crash from a
// bounded prefix and a few computed ranges, whatever the size of the file and
// however hostile its content. It knows ELF and the kernel's notes; it does not
// know what a crash means (package classify does).
package corefile
