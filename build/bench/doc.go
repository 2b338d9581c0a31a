// Package bench measures what the project promises about reading core files,
// side by side with gdb, eu-readelf and a bare read, in one run on one machine.
// Its cores are real and made for the occasion. Every figure is the median of
// five; a peer that is not installed is said, not failed.
//
// Figures of time depend on what else the machine does, so the load is printed
// with them. Those of processor time, bytes and allocations depend on it little.
package bench
