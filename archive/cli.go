package main

import (
	"context"
	"fmt"
	"io"

	"github.com/alecthomas/kingpin/v2"
	"github.com/prometheus/common/promslog"
	promslogflag "github.com/prometheus/common/promslog/flag"
	"github.com/prometheus/common/version"
)

// cli holds the commands and their flags; nothing of it is global.
type cli struct {
	app            *kingpin.Application
	stdin          io.Reader
	stdout, stderr io.Writer
	log            promslog.Config
	commands       map[string]func(context.Context) error
	left           *int // set when --help or --version ended the parsing
}

// newCLI registers every command. A command is a file of its own with a method
// that declares its flags and calls c.command.
func newCLI(stdin io.Reader, stdout, stderr io.Writer) *cli {
	c := &cli{
		app:   kingpin.New("epicurve-archive", "Keeps the crashes of a fleet and answers questions about them."),
		stdin: stdin, stdout: stdout, stderr: stderr,
		log: promslog.Config{Writer: stderr}, commands: make(map[string]func(context.Context) error),
	}
	c.app.UsageWriter(stdout).ErrorWriter(stderr).Terminate(func(code int) { c.left = &code })
	c.app.Version(version.Print("epicurve-archive"))
	c.app.HelpFlag.Short('h')
	promslogflag.AddFlags(c.app, &c.log)
	c.addServe()
	c.addReport()
	c.addLedger()
	c.addSeed()
	c.addToken()
	c.addVerify()
	c.addRestore()
	c.addExport()
	c.addImport()
	c.addSupport()
	return c
}

func (c *cli) run(ctx context.Context, args []string) int {
	name, err := c.app.Parse(args)
	if c.left != nil {
		return *c.left
	}
	if err != nil {
		fmt.Fprintf(c.stderr, "epicurve-archive: %v (try --help)\n", err)
		return exitUsage
	}
	if err := c.commands[name](ctx); err != nil {
		fmt.Fprintf(c.stderr, "epicurve-archive %s: %v\n", name, err)
		return exitError
	}
	return exitOK
}

// command registers a command under its name; its flags are declared on what is
// returned.
func (c *cli) command(name, help string, run func(context.Context) error) *kingpin.CmdClause {
	c.commands[name] = run
	return c.app.Command(name, help)
}
