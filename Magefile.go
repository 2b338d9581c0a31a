//go:build mage

// The targets of "go tool mage". They are thin: what they do is in the packages
// under build/.
package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	sdk "github.com/grafana/grafana-plugin-sdk-go/build"
	"github.com/magefile/mage/mg"
	"github.com/magefile/mage/sh"

	archivebench "github.com/epicurve/epicurve/archive/bench"
	"github.com/epicurve/epicurve/archive/store/clickhouse/servertest"
	"github.com/epicurve/epicurve/build/bench"
	"github.com/epicurve/epicurve/build/binaries"
	"github.com/epicurve/epicurve/build/characteristics"
	"github.com/epicurve/epicurve/build/demo"
	"github.com/epicurve/epicurve/build/fuzz"
	"github.com/epicurve/epicurve/build/machine"
	"github.com/epicurve/epicurve/build/manifests"
	"github.com/epicurve/epicurve/build/npm"
	"github.com/epicurve/epicurve/build/packages"
	"github.com/epicurve/epicurve/build/pluginzip"
	"github.com/epicurve/epicurve/build/promtool"
	"github.com/epicurve/epicurve/build/quickstart"
	"github.com/epicurve/epicurve/build/rehearsal"
	"github.com/epicurve/epicurve/build/scanning"
	"github.com/epicurve/epicurve/build/storm"
	"github.com/epicurve/epicurve/build/testfiles"
)

// Default is what "go tool mage" does without a target.
var Default = Build.All

// Build builds the exporter, the archive and the Grafana plugin.
type Build mg.Namespace

// Aliases lets "mage build", "mage bench" and "mage fuzz" do everything of their
// kind.
var Aliases = map[string]any{"build": Build.All, "bench": Bench.All, "fuzz": Fuzz.All}

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

// Zip packs the plugin, built anew, as bin/<id>-<version>.zip for Grafana.
func (Build) Zip(ctx context.Context) error {
	mg.CtxDeps(ctx, Build.Plugin)
	if err := os.MkdirAll("bin", 0o755); err != nil {
		return err
	}
	path, err := pluginzip.Pack(os.DirFS("dist"), "bin")
	if err == nil {
		fmt.Println("built", path)
	}
	return err
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
	machine.Mention(os.Stdout, machine.GDB, machine.ClickHouse, machine.ZooKeeper, machine.Grafana)
	// All of them run, so that one run tells everything; the Go tests are last,
	// their closing lines are what CI reads.
	var failed []error
	for _, test := range []func(context.Context) error{TestFront, TestBrowser, installClickHouse, TestGo} {
		if err := test(ctx); err != nil {
			failed = append(failed, err)
		}
	}
	return errors.Join(failed...)
}

// installClickHouse gives CI the servers, and the present engine, that the tests
// of the ClickHouse store run against; elsewhere they skip without them.
func installClickHouse(ctx context.Context) error {
	if os.Getenv("CI") == "" || !machine.CanInstall() {
		return nil
	}
	if err := machine.Require(ctx, os.Stdout, machine.ClickHouse, machine.ZooKeeper); err != nil {
		return err
	}
	return npm.Project{Dir: filepath.Join("archive", "store", "clickhouse", "servertest", "chdb"), Stdout: os.Stdout, Stderr: os.Stderr, Partial: true}.Install(ctx)
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

// Rehearsal plays an outbreak with 40 exporters, the archive and the plugin as
// real processes and real core files, asks the product what happened, and fails
// when it is wrong. SEEDS says how many stories are played, 1 by default; SEED is
// the first one's seed.
func Rehearsal(ctx context.Context) error {
	mg.SerialCtxDeps(ctx, Build.Exporter, Build.Archive)
	if err := (sdk.Build{}).Backend(); err != nil {
		return err
	}
	return rehearsal.Stories(ctx, rehearsal.Config{
		Exporter: "bin/" + binaries.Exporter.Name, Archive: "bin/" + binaries.Archive.Name,
		Plugin: filepath.Join("dist", "gpx_crasharchive_linux_"+runtime.GOARCH),
		Cores:  filepath.Join("testdata", "cores"), Hosts: 40, Out: os.Stdout,
	}, os.Getenv("SEED"), os.Getenv("SEEDS"))
}

// Manifests writes the Kubernetes manifests that are made from the Helm chart.
func Manifests(ctx context.Context) error {
	files, err := manifests.Render(ctx, ".")
	if err != nil {
		return err
	}
	return files.Write(".")
}

// Package makes the Debian and RPM packages of exporter and archive in
// bin/packages: of the exporter for amd64 and arm64, of the archive for this
// machine's architecture and, where its compilers are installed, for arm64.
func Package(ctx context.Context) error {
	if err := machine.Require(ctx, os.Stdout, machine.GCC, machine.GXX); err != nil {
		return err
	}
	made, err := packages.All(ctx, ".", filepath.Join("bin", "packages"), os.Stderr)
	for _, path := range made {
		fmt.Println("built", path)
	}
	return err
}

// Quickstart makes the packages and follows docs/install.md to the letter on a
// fresh Debian with systemd, booted in a container. It needs root, debootstrap
// and systemd-container, which it installs where it can.
func Quickstart(ctx context.Context) error {
	if err := machine.Require(ctx, os.Stdout, machine.GCC, machine.GXX, machine.Debootstrap, machine.Nspawn); err != nil {
		return err
	}
	made, err := packages.All(ctx, ".", filepath.Join("bin", "packages"), os.Stderr)
	if err != nil {
		return err
	}
	var debs []string
	for _, path := range made {
		if strings.HasSuffix(path, "_"+runtime.GOARCH+".deb") {
			debs = append(debs, path)
		}
	}
	return inScratch(func(dir string) error {
		return quickstart.Config{Page: "docs/install.md", Packages: debs, Dir: dir, Out: os.Stdout}.Run(ctx)
	})
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

// Lint runs golangci-lint over all packages and promtool over the provisioned
// Prometheus files; both are pinned in tools/go.mod.
func Lint(ctx context.Context) error {
	if err := sh.RunV("go", "tool", "-modfile=tools/go.mod", "golangci-lint", "run", "./..."); err != nil {
		return err
	}
	return promtool.Check(ctx, ".", filepath.Join("provisioning", "prometheus"), os.Stdout)
}

// Fuzz runs fuzz targets for FUZZTIME each, 30 seconds by default.
type Fuzz mg.Namespace

// All runs every fuzz target of the module.
func (Fuzz) All(ctx context.Context) error {
	targets, err := testfiles.FuzzTargets(".")
	if err != nil {
		return err
	}
	return fuzz.Run(ctx, os.Stdout, ".", fuzzTime(), targets)
}

// Cores runs the fuzz targets of the core reader and the classifier, which CI
// does: these read what crashed processes leave behind.
func (Fuzz) Cores(ctx context.Context) error {
	targets, err := testfiles.FuzzTargets(".")
	if err != nil {
		return err
	}
	if targets, err = fuzz.Select(targets, "FuzzRead", "FuzzNotes", "FuzzDecompress", "FuzzClassify"); err != nil {
		return err
	}
	return fuzz.Run(ctx, os.Stdout, ".", fuzzTime(), targets)
}

func fuzzTime() string { return cmp.Or(os.Getenv("FUZZTIME"), "30s") }

// Bench measures; every figure is printed beside its bar where there is one.
type Bench mg.Namespace

// All measures everything, one after the other; it takes about a quarter of an hour.
func (Bench) All(ctx context.Context) error {
	var failed []error
	for _, measure := range []func(context.Context) error{Bench{}.Cores, Bench{}.Scan, Bench{}.Flood, Bench{}.Kill, Bench{}.Archive, Bench{}.Verdicts, Bench{}.Statistics} {
		if err := measure(ctx); err != nil {
			failed = append(failed, err)
		}
	}
	return errors.Join(failed...)
}

// Cores measures the core reader and the classifier against gdb, eu-readelf and
// a bare read.
func (Bench) Cores(ctx context.Context) error {
	machine.Mention(os.Stdout, machine.GDB, machine.Readelf)
	return bench.Cores(ctx, os.Stdout)
}

// Flood drops 10,000 cores at once on the exporter and counts them.
func (Bench) Flood(ctx context.Context) error {
	mg.CtxDeps(ctx, Build.Exporter)
	return inScratch(func(dir string) error {
		_, err := storm.Flood{
			Exporter: "bin/" + binaries.Exporter.Name, Dir: dir, Cores: 10_000, Within: 10 * time.Second,
			Singles: 300, Idle: 30 * time.Second, Out: os.Stdout,
		}.Run(ctx)
		return err
	})
}

// Kill kills the exporter 1,000 times and the archive 200 times while 5,000
// cores appear, and counts them everywhere.
func (Bench) Kill(ctx context.Context) error {
	mg.CtxDeps(ctx, Build.Exporter, Build.Archive)
	return inScratch(func(dir string) error {
		_, err := storm.Kill{
			Exporter: "bin/" + binaries.Exporter.Name, Archive: "bin/" + binaries.Archive.Name, Dir: dir,
			Cores: 5000, ExporterKills: 1000, ArchiveKills: 200, Seed: 1, Out: os.Stdout,
		}.Run(ctx)
		return err
	})
}

// Scan measures a scan of 10,000 cores in a real S3 server's bucket behind 20 ms
// a request, and of 100,000 small cores in a folder. It needs about 12 GB of disk.
func (Bench) Scan(ctx context.Context) error {
	mg.CtxDeps(ctx, Build.Exporter)
	machine.Mention(os.Stdout, machine.GDB)
	return inScratch(func(dir string) error {
		return scanning.Bench{
			Root: ".", Exporter: "bin/" + binaries.Exporter.Name, Dir: dir, Out: os.Stdout,
			Objects: 10_000, Files: 100_000, Latency: 20 * time.Millisecond, Workers: 32, Crowd: 128,
		}.Run(ctx)
	})
}

// Verdicts measures how long the archive takes to evaluate its clusters.
func (Bench) Verdicts(ctx context.Context) error { return bench.Evaluation(ctx, os.Stdout) }

// Archive measures the archive with ten million records over HTTP: the questions
// of the dashboard, and ingest beside them. It needs about 4 GB of disk.
func (Bench) Archive(ctx context.Context) error {
	mg.CtxDeps(ctx, Build.Archive)
	return archivebench.Run(ctx, os.Stdout, archivebench.Config{Archive: "bin/" + binaries.Archive.Name, Records: 10_000_000})
}

// ClickHouse measures the archive on a ClickHouse server with a million records:
// the same questions and ingest as Archive.
func (Bench) ClickHouse(ctx context.Context) error {
	mg.CtxDeps(ctx, Build.Archive)
	return inScratch(func(dir string) error {
		server, err := servertest.Start(dir)
		if err != nil {
			return err
		}
		defer server.Kill()
		return archivebench.Run(ctx, os.Stdout, archivebench.Config{
			Archive: "bin/" + binaries.Archive.Name, Records: 1_000_000, Storage: "clickhouse://" + server.Address() + "/archive",
		})
	})
}

// Plugin measures the Grafana plugin in front of an archive with a million
// records: the data of every stock dashboard, and the plugin's memory.
func (Bench) Plugin() error {
	return sh.RunWithV(map[string]string{"EPICURVE_FIGURES": "1000000"}, "go", "test", "./pkg/plugin", "-run", "^TestFigures$", "-count=1", "-v", "-timeout", "30m")
}

// Statistics measures by seeded simulation how often the statistics are wrong.
func (Bench) Statistics(ctx context.Context) error {
	return characteristics.Run(ctx, os.Stdout, 1000)
}

// inScratch runs f in a folder that is removed when it succeeded.
func inScratch(f func(dir string) error) error {
	dir, err := os.MkdirTemp("", "epicurve-bench-")
	if err != nil {
		return err
	}
	if err := f(dir); err != nil {
		return fmt.Errorf("%w (left for a look: %s)", err, dir)
	}
	return os.RemoveAll(dir)
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
