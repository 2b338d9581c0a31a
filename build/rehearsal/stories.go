package rehearsal

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"
)

// Stories plays several stories, one after the other, each with the next seed.
// first and number are texts as people give them; empty ones are 1. It goes on
// after a story that went wrong.
func Stories(ctx context.Context, c Config, first, number string) error {
	seed, err := count("SEED", first)
	if err != nil {
		return err
	}
	stories, err := count("SEEDS", number)
	if err != nil {
		return err
	}
	var failed []error
	for i := range stories {
		c.Seed = seed + i
		if err := c.inScratch(ctx); err != nil {
			failed = append(failed, fmt.Errorf("story with seed %d: %w", c.Seed, err))
		}
		if ctx.Err() != nil {
			break
		}
	}
	fmt.Fprintf(c.Out, "%d of %d stories told right\n", stories-uint64(len(failed)), stories)
	return errors.Join(failed...)
}

// inScratch plays one story in a directory that is removed when all was right.
func (c Config) inScratch(ctx context.Context) error {
	var err error
	if c.Dir, err = os.MkdirTemp("", "epicurve-rehearsal-"); err != nil {
		return fmt.Errorf("scratch directory: %w", err)
	}
	if err := c.Run(ctx); err != nil {
		return fmt.Errorf("%w (left for a look: %s)", err, c.Dir)
	}
	return os.RemoveAll(c.Dir)
}

func count(name, text string) (uint64, error) {
	if text == "" {
		return 1, nil
	}
	n, err := strconv.ParseUint(text, 10, 32)
	if err != nil || n == 0 {
		return 0, fmt.Errorf("%s is %q, want a number from 1 on", name, text)
	}
	return n, nil
}
