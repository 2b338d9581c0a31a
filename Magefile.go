//go:build mage

// The targets of "go tool mage". They are thin: what they do is in the packages
// under build/.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"

	sdk "github.com/grafana/grafana-plugin-sdk-go/build"
	"github.com/magefile/mage/mg"
	"github.com/magefile/mage/sh"

	"github.com/epicurve/epicurve/build/binaries"
	"github.com/epicurve/epicurve/build/demo"
	"github.com/epicurve/epicurve/build/machine"
	"github.com/epicurve/epicurve/build/npm"
	"github.com/epicurve/epicurve/build/testfiles"
)

// Default is what "go tool mage" does without a target.
var Default = Build.All

// Build builds the exporter, the archive and the Grafana plugin.
type Build mg.Namespace

// Aliases lets "mage build" build everything.
var Aliases = map[string]any{"build": Build.All}

var front = npm.Project{Dir: ".", Stdout: os.Stdout, Stderr: os.Stderr}

// All builds the exporter and the archive into bin/ and the plugin into dist/.
func (Build) All(ctx context.Context) {
	mg.CtxDeps(ctx, Build.Exporter, Build.Archive, Build.Plugin)
}

// Exporter builds bin/epicurve-exporter, static.
func (Build) Exporter(ctx context.Context) error { return binary(ctx, binaries.Exporter) }

// Archive builds bin/epicurve-archive.
func (Build) Archive(ctx context.Context) error {
	if err := machine.Require(ctx, os.Stdout, machine.GCC, machine.GXX); err != nil {
		return err
	}
	return binary(ctx, binaries.Archive)
}

// Plugin builds the Grafana plugin into dist/: the front end, then the backend,
// whose manifest covers every Go file.
func (Build) Plugin(ctx context.Context) error {
	if err := install(ctx); err != nil {
		return err
	}
	if err := front.RunQuietly(ctx, "build"); err != nil {
		return err
	}
	if err := (sdk.Build{}).Backend(); err != nil {
		return err
	}
	fmt.Println("built dist")
	return nil
}

func binary(ctx context.Context, p binaries.Program) error {
	path, err := binaries.Builder{Root: ".", Dir: "bin", Log: os.Stderr}.Build(ctx, p)
	if err == nil {
		fmt.Println("built", path)
	}
	return err
}

func install(ctx context.Context) error {
	if err := machine.Require(ctx, os.Stdout, machine.Node, machine.NPM); err != nil {
		return err
	}
	return front.Install(ctx)
}

// Test runs every test: the front end's checks, then the Go tests of all
// packages with the race detector. It installs the npm packages itself.
func Test(ctx context.Context) error {
	if err := machine.Require(ctx, os.Stdout, machine.GCC, machine.GXX, machine.Node, machine.NPM); err != nil {
		return err
	}
	machine.Mention(os.Stdout, machine.GDB, machine.ClickHouse, machine.Grafana)
	// All of them run, so that one run tells everything; the Go tests are last,
	// their closing lines are what CI reads.
	var failed []error
	for _, test := range []func(context.Context) error{TestFront, TestBrowser, TestGo} {
		if err := test(ctx); err != nil {
			failed = append(failed, err)
		}
	}
	return errors.Join(failed...)
}

// TestGo runs the Go tests of all packages with the race detector.
func TestGo(ctx context.Context) error {
	return sh.RunWithV(map[string]string{"CGO_ENABLED": "1"}, "go", "test", "-race", "-timeout", "20m", "./...")
}

// TestFront type-checks, lints and tests the front end and checks that the
// dashboards' JSON is what their source makes.
func TestFront(ctx context.Context) error {
	if err := install(ctx); err != nil {
		return err
	}
	for _, script := range []string{"typecheck", "lint", "test:ci", "dashboards:check"} {
		if err := front.Run(ctx, script); err != nil {
			return err
		}
	}
	return nil
}

// TestBrowser checks the built plugin in Debian's chromium, against the built
// archive. Without a chromium it says that it was skipped.
func TestBrowser(ctx context.Context) error {
	if os.Getenv("CI") != "" && machine.CanInstall() {
		if err := machine.Require(ctx, os.Stdout, machine.Chromium); err != nil {
			return err
		}
	}
	if len(machine.Missing(machine.Chromium)) > 0 {
		machine.Mention(os.Stdout, machine.Chromium)
		fmt.Println("skipped: the browser check")
		return nil
	}
	if err := (Build{}).Plugin(ctx); err != nil {
		return err
	}
	if err := (Build{}).Archive(ctx); err != nil {
		return err
	}
	return front.Run(ctx, "browser")
}

// Demo builds everything, runs it on this machine with real crashes and shows
// what the archive knows. On a terminal it runs until Ctrl-C; otherwise it checks
// the counts and ends.
func Demo(ctx context.Context) error {
	mg.SerialCtxDeps(ctx, Build.All)
	return demo.Run(ctx, demo.Config{
		Root: ".", Exporter: "bin/" + binaries.Exporter.Name, Archive: "bin/" + binaries.Archive.Name,
		Out: os.Stdout, Rounds: 9, Interactive: demo.OnTerminal(os.Stdout), Grafana: true,
	})
}

// Lint runs golangci-lint, pinned in tools/go.mod, over all packages.
func Lint(ctx context.Context) error {
	return sh.RunV("go", "tool", "-modfile=tools/go.mod", "golangci-lint", "run", "./...")
}

// Fuzz runs every fuzz target for FUZZTIME each, 30 seconds by default.
func Fuzz(ctx context.Context) error {
	targets, err := testfiles.FuzzTargets(".")
	if err != nil {
		return err
	}
	length := os.Getenv("FUZZTIME")
	if length == "" {
		length = "30s"
	}
	for _, t := range targets {
		if err := ctx.Err(); err != nil {
			return err
		}
		fmt.Println("fuzz", t.Package, t.Name, "for", length)
		if err := sh.RunV("go", "test", "-run", "^$", "-fuzz", "^"+t.Name+"$", "-fuzztime", length, t.Package); err != nil {
			return err
		}
	}
	return nil
}

// Dashboards writes the stock dashboards' JSON from their TypeScript source.
func Dashboards(ctx context.Context) error {
	if err := install(ctx); err != nil {
		return err
	}
	return front.Run(ctx, "dashboards")
}

// Golden rewrites the golden files of every package whose tests have -update.
func Golden(ctx context.Context) error {
	packages, err := testfiles.Golden(".")
	if err != nil {
		return err
	}
	for _, p := range packages {
		if err := sh.RunV("go", "test", p, "-update"); err != nil {
			return err
		}
	}
	return nil
}
