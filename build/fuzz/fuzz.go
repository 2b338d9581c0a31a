// Package fuzz runs fuzz targets for a bounded time and tells a finding from
// what a loaded machine does to the go command's fuzzing.
package fuzz

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"regexp"
	"strings"

	"github.com/epicurve/epicurve/build/testfiles"
)

// Run fuzzes each target for length, a duration such as "30s" or a number of
// executions such as "1000x", in the module at root. Every target is run; the
// error joins what they found.
func Run(ctx context.Context, out io.Writer, root, length string, targets []testfiles.Target) error {
	var failed []error
	for _, t := range targets {
		if err := ctx.Err(); err != nil {
			return errors.Join(append(failed, err)...)
		}
		fmt.Fprintln(out, "fuzz", t.Package, t.Name, "for", length)
		if err := run(ctx, out, root, length, t); err != nil {
			failed = append(failed, fmt.Errorf("fuzz %s %s: %w", t.Package, t.Name, err))
		}
	}
	return errors.Join(failed...)
}

// Select returns the targets of the given names, in the order of the names; a
// name that is not there is an error, so that no target is lost by renaming it.
func Select(targets []testfiles.Target, names ...string) ([]testfiles.Target, error) {
	var out []testfiles.Target
	for _, name := range names {
		before := len(out)
		for _, t := range targets {
			if t.Name == name {
				out = append(out, t)
			}
		}
		if len(out) == before {
			return nil, fmt.Errorf("there is no fuzz target %s", name)
		}
	}
	return out, nil
}

func run(ctx context.Context, out io.Writer, root, length string, t testfiles.Target) error {
	// Minimizing is for the one who mends it, who runs the target again.
	said, err := goTest(ctx, out, root, "-run", "^$", "-fuzz", "^"+t.Name+"$", "-fuzztime", length, "-fuzzminimizetime", "1s", t.Package)
	if err == nil {
		return nil
	}
	switch input, v := judge(said, t.Name); v {
	case outOfTime:
		fmt.Fprintln(out, "no finding; a worker was still at it when the time was over")
		return nil
	case finding:
		if _, again := goTest(ctx, io.Discard, root, "-run", "^"+t.Name+"$/^"+input+"$", "-count", "3", t.Package); again == nil {
			fmt.Fprintf(out, "not a finding: %s passes on its own three times; the worker was stopped from outside\n", input)
			return nil
		}
		return fmt.Errorf("%w; commit the input as a seed: testdata/fuzz/%s/%s", err, t.Name, input)
	}
	return err
}

// goTest runs go test, shows what it says as it comes, and returns it.
func goTest(ctx context.Context, out io.Writer, root string, args ...string) (string, error) {
	var said bytes.Buffer
	cmd := exec.CommandContext(ctx, "go", append([]string{"test"}, args...)...)
	cmd.Dir, cmd.Stdout = root, io.MultiWriter(out, &said)
	cmd.Stderr, cmd.Env = cmd.Stdout, os.Environ()
	err := cmd.Run()
	return said.String(), err
}

// verdict is what the output of a failed run means.
type verdict int

const (
	broken    verdict = iota // the target did not compile, a seed failed, or the like
	finding                  // an input failed and was written
	outOfTime                // the time was over before a worker answered (go.dev/issue/48591)
)

var written = regexp.MustCompile(`Failing input written to testdata/fuzz/(\w+)/(\w+)`)

// judge reads the output of a failed run of a target; input is the name of the
// failing input's file.
func judge(said, target string) (input string, v verdict) {
	if m := written.FindStringSubmatch(said); m != nil && m[1] == target {
		return m[2], finding
	}
	for line := range strings.Lines(said) {
		if strings.TrimSpace(line) == "context deadline exceeded" {
			return "", outOfTime
		}
	}
	return "", broken
}
