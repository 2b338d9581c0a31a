// Package quickstart follows docs/install.md to the letter on a fresh Debian with
// systemd, in a container of its own, so that a newcomer's first quarter of an
// hour is a test.
package quickstart

import (
	"fmt"
	"os"
	"strings"
)

// Block is one block of shell commands of a page.
type Block struct {
	Line  int // where it begins
	Text  string
	Retry bool // until it succeeds, for a while
}

// ReadPage returns the blocks that are to be run, in their order: those fenced as
// "sh" or "sh retry".
func ReadPage(name string) ([]Block, error) {
	text, err := os.ReadFile(name)
	if err != nil {
		return nil, fmt.Errorf("quick start: %w", err)
	}
	var blocks []Block
	var open *Block
	number := 0
	for line := range strings.Lines(string(text)) {
		number++
		fence, isFence := strings.CutPrefix(strings.TrimSpace(line), "```")
		switch {
		case open != nil && isFence:
			blocks, open = append(blocks, *open), nil
		case open != nil:
			open.Text += line
		case fence == "sh" || fence == "sh retry":
			open = &Block{Line: number + 1, Retry: fence == "sh retry"}
		}
	}
	if open != nil {
		return nil, fmt.Errorf("quick start: %s: the block of line %d has no end", name, open.Line)
	}
	if len(blocks) == 0 {
		return nil, fmt.Errorf("quick start: %s has no commands", name)
	}
	return blocks, nil
}
