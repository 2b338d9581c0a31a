package main

import (
	"math"
	"os"
	"runtime/debug"
	"runtime/metrics"
)

// memoryGoal is the heap that the garbage collector works towards in a flood of
// cores. It is no hard limit, and a larger live heap raises it: a collector that
// fights for memory that is in use takes half of the processor.
const memoryGoal = 40 << 20

// memory adapts the runtime's memory limit to what is in use.
type memory struct{ fixed bool }

// newMemory sets the goal, unless GOMEMLIMIT says how large the exporter may be
// (which makes the runtime's limit differ from its default, the maximum).
func newMemory() *memory {
	if debug.SetMemoryLimit(-1) != math.MaxInt64 {
		return &memory{fixed: true}
	}
	debug.SetMemoryLimit(memoryGoal)
	return &memory{}
}

// adapt raises or lowers the limit to twice the live heap and some room for
// what is no heap, never below the goal.
func (m *memory) adapt() {
	if m.fixed {
		return
	}
	sample := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	metrics.Read(sample)
	if sample[0].Value.Kind() != metrics.KindUint64 {
		return
	}
	live := int64(min(sample[0].Value.Uint64(), math.MaxInt64/4)) //nolint:gosec // bounded here
	debug.SetMemoryLimit(max(memoryGoal, 2*live+memoryGoal/2))
}

// Goals of commands that read many cores and end, decoders included.
const (
	classifyGoal = 256 << 20
	scanGoal     = 160 << 20
)

// batchMemory lets the collector run seldom, as long as there is room below the
// goal: what a core needs is small and short-lived, and collecting at the
// runtime's usual pace takes a tenth of the processor. GOGC and GOMEMLIMIT
// overrule it.
func batchMemory(goal int64) {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(800)
	}
	if debug.SetMemoryLimit(-1) == math.MaxInt64 {
		debug.SetMemoryLimit(goal)
	}
}
