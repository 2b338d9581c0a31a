package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/epicurve/epicurve/archive/store"
	"github.com/epicurve/epicurve/archive/store/open"
)

// storageHelp describes the --storage flag of commands that open the store
// themselves.
const storageHelp = "Storage of an archive that is not running, such as duckdb:PATH."

// maintained opens a store for a command, and closes it after use.
func maintained(ctx context.Context, storage string, use func(store.Store, store.Maintainer) error) (err error) {
	s, err := open.Store(ctx, storage)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	m, ok := s.(store.Maintainer)
	if !ok {
		return fmt.Errorf("storage %s: %w", storage, store.ErrUnsupported)
	}
	return use(s, m)
}

// addVerify registers the command that looks a store over.
func (c *cli) addVerify() {
	var storage string
	cmd := c.command("verify", "Read a whole archive, recount it, and report what contradicts itself.", func(ctx context.Context) error {
		return maintained(ctx, storage, func(_ store.Store, m store.Maintainer) error { return verify(ctx, m, c.stdout) })
	})
	cmd.Flag("storage", storageHelp).Required().StringVar(&storage)
}

func verify(ctx context.Context, m store.Maintainer, out io.Writer) error {
	check, err := m.Verify(ctx)
	if err != nil {
		return err
	}
	b, err := json.MarshalIndent(check, "", "  ")
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "%s\n", b)
	if len(check.Faults) > 0 {
		return fmt.Errorf("%d faults; restore the newest backup that verifies", len(check.Faults))
	}
	return nil
}

// addRestore registers the command that makes a new archive of a backup.
func (c *cli) addRestore() {
	var from, to string
	cmd := c.command("restore", "Verify a backup and copy it to where no archive is yet.", func(ctx context.Context) error {
		return maintained(ctx, "duckdb:"+from, func(_ store.Store, m store.Maintainer) error {
			if err := verify(ctx, m, c.stdout); err != nil {
				return fmt.Errorf("backup %s: %w", from, err)
			}
			return m.Backup(ctx, to)
		})
	})
	cmd.Flag("from", "The backup's file.").Required().ExistingFileVar(&from)
	cmd.Flag("to", "Path of the new archive's file.").Required().StringVar(&to)
}

// addExport registers the command that writes Parquet.
func (c *cli) addExport() {
	var storage, output, from, to string
	cmd := c.command("export", "Write the crashes of a range to a Parquet file, with all their fields.", func(ctx context.Context) error {
		return maintained(ctx, storage, func(_ store.Store, m store.Maintainer) error {
			r, err := exportRange(from, to)
			if err != nil {
				return err
			}
			n, err := m.Export(ctx, output, r[0], r[1])
			if err == nil {
				fmt.Fprintf(c.stdout, "%d crashes written to %s\n", n, output)
			}
			return err
		})
	})
	cmd.Flag("storage", storageHelp).Required().StringVar(&storage)
	cmd.Flag("output", "The new file.").Short('o').Required().StringVar(&output)
	cmd.Flag("from", "First moment of the range, RFC 3339 or a day; the oldest crash by default.").StringVar(&from)
	cmd.Flag("to", "End of the range; now by default.").StringVar(&to)
}

func exportRange(from, to string) (r [2]time.Time, err error) {
	r = [2]time.Time{time.Unix(0, 0), time.Now()}
	if from != "" {
		if r[0], err = parseTime("from", from); err != nil {
			return r, err
		}
	}
	if to != "" {
		r[1], err = parseTime("to", to)
	}
	return r, err
}
