// Command workedexample writes the data of docs/ledger.md: failures of a support
// workflow in which two diseases wear the same complaint. Nothing in it was
// observed: it is drawn from a seed.
//
//	go run ./build/workedexample docs/worked-example
package main

import (
	"fmt"
	"os"
	"path/filepath"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: workedexample DIRECTORY")
		os.Exit(2)
	}
	for name, content := range Files() {
		if err := os.WriteFile(filepath.Join(os.Args[1], name), content, 0o644); err != nil { //nolint:gosec // documentation is for everybody
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
}
