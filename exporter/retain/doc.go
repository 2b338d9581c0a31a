// Package retain deletes core files that are no longer needed: those that grew
// too old, or that take more space than they may. It is the only room that ever
// changes a core directory, and it runs only when a bound is configured.
//
// A core is deleted when it is a regular file with one name, nobody writes it,
// and a fresh look at its content says that its crash is on record. Everything
// else stays, whatever it is called and however old it is.
//
// Core directories are writable by others, so nothing is done by path: the
// directory is opened once and everything happens relative to it, a file is
// renamed aside before it goes, and what was renamed must be what was examined,
// or it is put back. Junk that others plant takes no space from cores that are
// on record, and when space is short the user whose cores take most of it loses
// the oldest of them first.
package retain
