//go:build !race

package main

// replayStep is how many days pass between two looks of a replay by default.
const replayStep = 14
