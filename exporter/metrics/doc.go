// Package metrics holds what the exporter shows to Prometheus: the population
// of crashes, and how well the exporter itself is doing.
//
// The labels of the population are closed sets, and every series of them exists
// at 0 from the start, so that increase() sees the first crash of a kind.
// Signatures, executables and clusters are open-ended; they live in the archive
// only. Counters of the population survive restarts, with the time at which
// each series began (OpenMetrics created timestamps).
//
// The only room, with the exporter's main, that knows client_golang.
package metrics
