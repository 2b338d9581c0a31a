// Package binaries finds text and function names of executables and libraries
// on this node for the classifier. A file counts only when its GNU build id is
// the one that the core names; paths come from cores and are not trusted.
//
// Where a file is stripped, its separate debug file is looked for under
// /usr/lib/debug/.build-id. Nothing is fetched from the network.
package binaries
