// Package crashlab makes real crashes: it compiles small programs of our own
// with the system's compiler, lets each die in a known way, and hands over the
// core file that the kernel wrote. The class and kind of every core follow from
// how the crash was made, never from what a classifier says about it.
//
// The demo and the tests use it, and it is how testdata/cores was made. Where
// real cores cannot be made (see [Available]), [Stored] gives a few that were
// made before.
//
// Children run with an empty environment and in a directory of their own, so
// that a core holds nothing of the person who made it.
package crashlab
