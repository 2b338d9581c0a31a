// Package storm measures what the exporter promises: it kills the real programs
// with SIGKILL at random moments while cores rain down, and drops ten thousand
// cores at once, and counts afterwards. Every figure is that of real processes,
// real files and a real archive.
package storm
