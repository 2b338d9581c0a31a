package crash

// Optional is a value that may be unknown. Absent is never zero: a program
// counter of 0 is the very thing this product looks for.
type Optional[T any] struct {
	Value T
	Known bool
}

// Some returns a known value.
func Some[T any](v T) Optional[T] { return Optional[T]{Value: v, Known: true} }
