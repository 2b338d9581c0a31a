// Command raise raises a storm by hand:
//
//	go run ./build/storm/raise -kind kill -exporter bin/epicurve-exporter -archive bin/epicurve-archive
//	go run ./build/storm/raise -kind flood -exporter bin/epicurve-exporter -cores 10000
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"time"

	"github.com/epicurve/epicurve/build/storm"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "raise:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, out io.Writer) error {
	flags := flag.NewFlagSet("raise", flag.ContinueOnError)
	kind := flags.String("kind", "kill", "kill: SIGKILL at random; flood: 10,000 cores at once")
	exporter := flags.String("exporter", "bin/epicurve-exporter", "the exporter's binary")
	archive := flags.String("archive", "", "the archive's binary, for a kill storm")
	cores := flags.Int("cores", 5000, "cores to drop")
	kills := flags.Int("exporter-kills", 1000, "kills of the exporter")
	archiveKills := flags.Int("archive-kills", 200, "kills of the archive")
	seed := flags.Uint64("seed", 1, "seed of the random moments")
	if err := flags.Parse(args); err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "epicurve-storm-")
	if err != nil {
		return err
	}
	switch *kind {
	case "kill":
		_, err = storm.Kill{
			Exporter: *exporter, Archive: *archive, Dir: dir, Cores: *cores,
			ExporterKills: *kills, ArchiveKills: *archiveKills, Seed: *seed, Out: out,
		}.Run(ctx)
	case "flood":
		_, err = storm.Flood{
			Exporter: *exporter, Dir: dir, Cores: *cores, Within: 10 * time.Second, Singles: 300, Idle: 30 * time.Second, Out: out,
		}.Run(ctx)
	default:
		err = fmt.Errorf("unknown kind %q", *kind)
	}
	if err != nil {
		return fmt.Errorf("%w (left for a look: %s)", err, dir)
	}
	return os.RemoveAll(dir)
}
