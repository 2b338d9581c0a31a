// Command cmd measures an archive of a chosen size: the figures of docs/sizing.md.
//
//	go build -o bin/epicurve-archive ./archive
//	go run ./archive/bench/cmd -archive bin/epicurve-archive -records 1000000 -peers
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"

	"github.com/epicurve/epicurve/archive/bench"
)

func main() {
	var c bench.Config
	flag.StringVar(&c.Archive, "archive", "bin/epicurve-archive", "path of the archive's binary")
	flag.IntVar(&c.Records, "records", 10_000_000, "records of the population")
	flag.IntVar(&c.Runs, "runs", 0, "times that each question is asked; 0 is 21")
	flag.StringVar(&c.Dir, "dir", "", "directory of the store while it runs")
	flag.BoolVar(&c.Peers, "peers", false, "measure SQLite and PostgreSQL on the same population, where they are installed")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := bench.Run(ctx, os.Stdout, c)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
