package corefile

import (
	"errors"
	"fmt"
)

// Reason says in one closed word why an input is not a usable core file.
type Reason string

// The reasons. They are metric labels: the set is closed.
const (
	ReasonEmpty       Reason = "empty"        // no bytes at all
	ReasonNotELF      Reason = "not_elf"      // no ELF magic
	ReasonNotCore     Reason = "not_core"     // ELF, but not ET_CORE
	ReasonTruncated   Reason = "truncated"    // ends before the registers
	ReasonMalformed   Reason = "malformed"    // contradicts itself
	ReasonUnsupported Reason = "unsupported"  // a machine or class without a register layout
	ReasonNoRegisters Reason = "no_registers" // complete, but without NT_PRSTATUS
	ReasonLimit       Reason = "limit"        // an Options limit or the context ended the read
	ReasonIO          Reason = "io"           // the input could not be read
)

// Sentinels for errors.Is, one for each Reason.
var (
	ErrEmpty       = errors.New("file is empty")
	ErrNotELF      = errors.New("not an ELF file")
	ErrNotCore     = errors.New("not a core file")
	ErrTruncated   = errors.New("core file is truncated")
	ErrMalformed   = errors.New("core file is malformed")
	ErrUnsupported = errors.New("machine is not supported")
	ErrNoRegisters = errors.New("core file has no registers")
	ErrLimit       = errors.New("a reading limit was reached")
	ErrIO          = errors.New("input could not be read")
)

// Error is every error that this package returns. errors.Is matches it with
// the sentinel of its Reason as well as with the wrapped cause.
type Error struct {
	Reason Reason
	// What names the part that failed and why, without the reason.
	What string
	// Offset is where in the (decompressed) input it failed; -1 when it has
	// no place.
	Offset int64
	// Err is the cause, nil when there is none below this package.
	Err error
}

// Error returns one line: the reason, the place and the cause.
func (e *Error) Error() string {
	s := e.sentinel().Error()
	if e.What != "" {
		s += ": " + e.What
	}
	if e.Offset >= 0 {
		s += fmt.Sprintf(" at offset %d", e.Offset)
	}
	if e.Err != nil {
		s += ": " + e.Err.Error()
	}
	return s
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// Is reports whether target is the sentinel of the error's Reason.
func (e *Error) Is(target error) bool { return target == e.sentinel() }

func (e *Error) sentinel() error {
	switch e.Reason {
	case ReasonEmpty:
		return ErrEmpty
	case ReasonNotELF:
		return ErrNotELF
	case ReasonNotCore:
		return ErrNotCore
	case ReasonTruncated:
		return ErrTruncated
	case ReasonMalformed:
		return ErrMalformed
	case ReasonUnsupported:
		return ErrUnsupported
	case ReasonNoRegisters:
		return ErrNoRegisters
	case ReasonLimit:
		return ErrLimit
	default:
		return ErrIO
	}
}

// fail builds an Error without a cause.
func fail(reason Reason, offset int64, format string, args ...any) *Error {
	return &Error{Reason: reason, Offset: offset, What: fmt.Sprintf(format, args...)}
}
