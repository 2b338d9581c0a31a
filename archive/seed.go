package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/epicurve/epicurve/archive/seed"
)

// seedFlags are the flags of the seed command.
type seedFlags struct {
	url    string
	token  string // path of a file
	number uint64
	follow bool
	pause  time.Duration
}

func (c *cli) addSeed() {
	f := &seedFlags{}
	cmd := c.command("seed", "Fill an empty archive with a made-up fleet, for a first look.", func(ctx context.Context) error {
		return f.run(ctx, c.stdout)
	})
	cmd.Flag("archive.url", "URL of the archive.").Default("http://localhost" + defaultAddress).Envar("EPICURVE_ARCHIVE_URL").StringVar(&f.url)
	cmd.Flag("archive.token-file", "File with a bearer token of the role write, for an archive that asks for one.").StringVar(&f.token)
	cmd.Flag("seed", "Another number makes up another fleet with the same story.").Default("1").Uint64Var(&f.number)
	cmd.Flag("follow", "Go on with the fleet's life until interrupted.").BoolVar(&f.follow)
	cmd.Flag("interval", "How often --follow sends.").Default("1m").DurationVar(&f.pause)
}

func (f *seedFlags) run(ctx context.Context, stdout io.Writer) error {
	if f.pause <= 0 {
		return fmt.Errorf("--interval: %s is not above zero", f.pause)
	}
	transport, err := (&reportFlags{token: f.token}).transport()
	if err != nil {
		return err
	}
	target := seed.Target{URL: f.url, HTTP: &http.Client{Transport: transport, Timeout: reportTimeout}}
	fleet := seed.New(f.number, time.Now())
	n, err := target.Fill(ctx, fleet)
	if err != nil {
		return err
	}
	fmt.Fprintf(stdout, "%s holds %d crashes of a made-up fleet\n", f.url, n)
	if !f.follow {
		return nil
	}
	return target.Follow(ctx, fleet, f.pause)
}
