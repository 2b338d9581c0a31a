// Command makecores makes the project's own core files: the zoo in
// testdata/cores with its truth.json, and the few that package crashlab embeds.
//
//	go run ./exporter/crashlab/makecores --lab /opt/crashlab --out testdata/cores [MODE...]
//	go run ./exporter/crashlab/makecores --lab /opt/crashlab --stored exporter/crashlab/stored
//
// The lab's directory ends up in the cores as the path of the executable, so
// choose one that says nothing about you.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"

	"github.com/epicurve/epicurve/exporter/crashlab"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx, os.Args[1:], os.Stdout)
	stop()
	if err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "makecores:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, stdout io.Writer) error {
	flags := flag.NewFlagSet("makecores", flag.ContinueOnError)
	dir := flags.String("lab", "", "directory to compile and crash in")
	out := flags.String("out", "", "directory of the zoo and its truth.json")
	stored := flags.String("stored", "", "directory of the demo's cores")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if *dir == "" || (*out == "") == (*stored == "") {
		return errors.New("want --lab and either --out or --stored")
	}
	lab, err := crashlab.Build(ctx, *dir)
	if err != nil {
		return err
	}
	if *stored != "" {
		for _, m := range crashlab.Demo() {
			if _, err := makeOne(ctx, lab, m, *stored); err != nil {
				return err
			}
		}
		return nil
	}
	return makeZoo(ctx, lab, *out, flags.Args(), stdout)
}

// makeZoo makes the named modes, or all but the demo's, whose cores are stored
// elsewhere; a mode that this machine can't make is reported, and the rest is made.
func makeZoo(ctx context.Context, lab *crashlab.Lab, out string, names []string, stdout io.Writer) error {
	made := make(map[string]crashlab.Want)
	var failed []error
	for _, m := range crashlab.Zoo() {
		if len(names) > 0 && !slices.Contains(names, m.Name) {
			continue
		}
		size, err := makeOne(ctx, lab, m, out)
		if err != nil {
			failed = append(failed, err)
			continue
		}
		made[m.Name] = m.Want
		fmt.Fprintf(stdout, "%8d  %s\n", size, m.Name)
	}
	failed = append(failed, crashlab.UpdateTruth(filepath.Join(out, "truth.json"), made))
	return errors.Join(failed...)
}

// makeOne makes one core, compresses it to MODE.core.zst and returns the
// compressed size in bytes.
func makeOne(ctx context.Context, lab *crashlab.Lab, m crashlab.Mode, out string) (int64, error) {
	tmp, err := os.MkdirTemp("", "makecores-")
	if err != nil {
		return 0, err
	}
	defer os.RemoveAll(tmp)
	core, err := lab.Crash(ctx, m, tmp)
	if err != nil {
		return 0, err
	}
	out = filepath.Join(out, m.Name+".core.zst")
	// Level 19 of the reference implementation; the library we read with
	// stops at about level 11, a fifth larger.
	zstd := exec.CommandContext(ctx, "zstd", "-19", "-q", "-f", core, "-o", out)
	if b, err := zstd.CombinedOutput(); err != nil {
		return 0, fmt.Errorf("compress with zstd: %w: %s", err, b)
	}
	info, err := os.Stat(out)
	if err != nil {
		return 0, err
	}
	return info.Size(), os.Chmod(out, 0o644)
}
