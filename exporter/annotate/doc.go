// Package annotate adds to a crash what the core file does not know: when it
// happened and on which machine.
//
// Everything is read below given roots, so that tests aim at fixtures. What
// cannot be found out stays unknown; nothing is guessed, and nothing here ever
// needs more than reading a few small files.
package annotate
