package main

import (
	"context"
	"fmt"
	"io"

	"github.com/alecthomas/kingpin/v2"
	"github.com/prometheus/common/promslog"
	promslogflag "github.com/prometheus/common/promslog/flag"

	"github.com/epicurve/epicurve/exporter/metrics"
	"github.com/epicurve/epicurve/pkg/classify"
)

// cli holds the commands and their flags; nothing of it is global.
type cli struct {
	app            *kingpin.Application
	stdin          io.Reader
	stdout, stderr io.Writer
	log            promslog.Config
	commands       map[string]func(context.Context) int
	rules          classify.Options // of the classify command
	left           *int             // set when --help or --version ended the parsing
}

func newCLI(stdin io.Reader, stdout, stderr io.Writer) *cli {
	c := &cli{
		app:   kingpin.New("epicurve-exporter", "Counts the crashes of a node from its core files and ships them to the Epicurve archive."),
		stdin: stdin, stdout: stdout, stderr: stderr,
		log: promslog.Config{Writer: stderr}, commands: make(map[string]func(context.Context) int),
	}
	c.app.UsageWriter(stdout).ErrorWriter(stderr).Terminate(func(code int) { c.left = &code })
	c.app.Version(metrics.Version())
	c.app.HelpFlag.Short('h')
	promslogflag.AddFlags(c.app, &c.log)
	c.addWatch()
	c.addClassify()
	c.addScan()
	c.addSupport()
	return c
}

func (c *cli) run(ctx context.Context, args []string) int {
	name, err := c.app.Parse(keepDashes(args))
	if c.left != nil {
		return *c.left
	}
	if err != nil {
		fmt.Fprintf(c.stderr, "epicurve-exporter: %v (try --help)\n", err)
		return exitUsage
	}
	return c.commands[name](ctx)
}

// command registers a command under its name.
func (c *cli) command(name, help string, run func(context.Context) int) *kingpin.CmdClause {
	c.commands[name] = run
	return c.app.Command(name, help)
}
