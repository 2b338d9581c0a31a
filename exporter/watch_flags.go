package main

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"time"

	"github.com/alecthomas/kingpin/v2"
	"github.com/prometheus/common/promslog"
	"github.com/prometheus/exporter-toolkit/web"
	"github.com/prometheus/exporter-toolkit/web/kingpinflag"

	"github.com/epicurve/epicurve/exporter/config"
)

// defaultAddress is the port of the exporter.
const defaultAddress = ":9931"

// watchFlags are the flags of the watch command. A flag that is given
// overrides the configuration file.
type watchFlags struct {
	web       *web.FlagConfig
	file      string
	check     bool
	expand    bool
	telemetry string
	overrides []func(*config.Config)
}

func (c *cli) addWatch() {
	f := &watchFlags{}
	cmd := c.command("watch", "Watch directories for core files (the default command).",
		func(ctx context.Context) int { return c.watch(ctx, f) }).Default()
	f.web = kingpinflag.AddFlags(cmd, defaultAddress)
	cmd.Flag("web.telemetry-path", "Path under which to expose metrics.").Default("/metrics").StringVar(&f.telemetry)
	cmd.Flag("config.file", "Configuration file (YAML). Flags override it.").StringVar(&f.file)
	cmd.Flag("config.check", "Check the configuration, and the files that it names, and exit.").BoolVar(&f.check)
	cmd.Flag("config.expand-env", "Replace ${NAME} in the values of the configuration file by variables of the environment. A missing variable is an error.").
		BoolVar(&f.expand)

	f.texts(cmd, "core.dir", "Directory, or glob of directories, in which core files appear. Repeatable.",
		func(c *config.Config, v []string) { c.Core.Dirs = v })
	f.duration(cmd, "core.settle", "How long a file must be quiet when nothing else tells that it is complete (default 2s).",
		func(c *config.Config, v config.Duration) { c.Core.Settle = v })
	f.duration(cmd, "core.rescan", "Time between two scans of every directory (default 1m).",
		func(c *config.Config, v config.Duration) { c.Core.Rescan = v })
	f.truth(cmd, "logs.kernel", "Count crashes that left no core from the kernel log (default no).",
		func(c *config.Config, v bool) { c.Logs.Kernel = v })
	f.truth(cmd, "logs.journal", "Count crashes from what systemd-coredump writes to the journal (default no).",
		func(c *config.Config, v bool) { c.Logs.Journal.Follow = v })
	f.text(cmd, "state.dir", "Directory for the spool and the counters (default /var/lib/epicurve-exporter).",
		func(c *config.Config, v string) { c.State.Dir = v })
	f.text(cmd, "archive.url", "URL of the archive, such as http://archive:9932. Without it crashes are counted and kept in the spool.",
		func(c *config.Config, v string) { c.Archive.URL = v })
	f.text(cmd, "archive.token-file", "File with the bearer token for the archive.",
		func(c *config.Config, v string) { c.Archive.TokenFile = v })
	f.text(cmd, "push.url", "URL to push metrics to from a host that cannot be scraped, such as http://victoria:8428/api/v1/import/prometheus.",
		func(c *config.Config, v string) { c.Push.URL = v })
	f.duration(cmd, "push.interval", "Time between two pushes (default 15s).",
		func(c *config.Config, v config.Duration) { c.Push.Interval = v })
}

func (f *watchFlags) text(cmd *kingpin.CmdClause, name, help string, set func(*config.Config, string)) {
	var given bool
	value := cmd.Flag(name, help).IsSetByUser(&given).String()
	f.overrides = append(f.overrides, func(c *config.Config) {
		if given {
			set(c, *value)
		}
	})
}

func (f *watchFlags) truth(cmd *kingpin.CmdClause, name, help string, set func(*config.Config, bool)) {
	var given bool
	value := cmd.Flag(name, help).IsSetByUser(&given).Bool()
	f.overrides = append(f.overrides, func(c *config.Config) {
		if given {
			set(c, *value)
		}
	})
}

func (f *watchFlags) texts(cmd *kingpin.CmdClause, name, help string, set func(*config.Config, []string)) {
	value := cmd.Flag(name, help).Strings()
	f.overrides = append(f.overrides, func(c *config.Config) {
		if len(*value) > 0 {
			set(c, *value)
		}
	})
}

func (f *watchFlags) duration(cmd *kingpin.CmdClause, name, help string, set func(*config.Config, config.Duration)) {
	var given bool
	var value time.Duration
	cmd.Flag(name, help).IsSetByUser(&given).DurationVar(&value)
	f.overrides = append(f.overrides, func(c *config.Config) {
		if given {
			set(c, config.Duration(value))
		}
	})
}

// config loads the configuration: defaults, file, flags.
func (f *watchFlags) config() (config.Config, error) {
	cfg := config.Default()
	if f.file != "" {
		var env config.Environment
		if f.expand {
			env = os.LookupEnv
		}
		var err error
		if cfg, err = config.LoadExpanded(f.file, env); err != nil {
			return cfg, err
		}
	}
	for _, override := range f.overrides {
		override(&cfg)
	}
	return cfg, cfg.Validate()
}

func (c *cli) watch(ctx context.Context, f *watchFlags) int {
	cfg, err := f.config()
	if err == nil && *f.web.WebConfigFile != "" {
		err = web.Validate(*f.web.WebConfigFile)
	}
	if err != nil {
		fmt.Fprintf(c.stderr, "epicurve-exporter: %v\n", err)
		return exitUsage
	}
	if f.check {
		return c.checkConfig(cfg)
	}
	logger := promslog.New(&c.log)
	slog.SetDefault(logger) // for libraries that log on their own, as that of the push does
	if err := watchAndServe(ctx, cfg, f, logger); err != nil {
		logger.Error("Stopped", "err", err)
		return exitError
	}
	return exitOK
}

// checkConfig goes on with what a running exporter would find out only later.
func (c *cli) checkConfig(cfg config.Config) int {
	if err := cfg.CheckFiles(); err != nil {
		fmt.Fprintf(c.stderr, "epicurve-exporter: %v\n", err)
		return exitError
	}
	for _, remark := range cfg.Remarks() {
		fmt.Fprintln(c.stdout, "Note:", remark)
	}
	fmt.Fprintln(c.stdout, "The configuration is valid.")
	return exitOK
}
