//go:build race

package main

// replayStep is how many days pass between two looks of a replay by default: the
// race detector makes them slow.
const replayStep = 28
