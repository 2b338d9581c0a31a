package classify

// Binaries gives access to executables and libraries outside of the core, which
// rarely holds their text. Implementations open files and therefore live with
// the caller; a nil Binaries is fine and means "nothing but the core".
//
// Every method is asked for a mapped file by the path the kernel knew, and the
// GNU build id as lower-case hex. An implementation must answer false unless it
// holds the very file of that build id: text of another build is worse than
// none. Classify calls a method a bounded number of times for one core.
type Binaries interface {
	// Text returns n bytes at a file offset; nobody changes them.
	Text(path, buildID string, offset uint64, n int) ([]byte, bool)
	// Symbol returns the linker name of the function that holds a file
	// offset, and the distance from its start. Only a symbol whose size
	// covers the offset counts.
	Symbol(path, buildID string, offset uint64) (name string, delta uint64, ok bool)
	// Unwind returns how the function at a file offset finds its caller there,
	// from the file's call frame information.
	Unwind(path, buildID string, offset uint64) (row UnwindRow, ok bool)
}

// Options are the circumstances of a classification; the zero value is good.
type Options struct {
	// Binaries supplies text and symbols that the core doesn't hold.
	Binaries Binaries
	// Registers adds the general registers to the record's fault; they can
	// hold user data, so it is off unless people opt in.
	Registers bool
}
