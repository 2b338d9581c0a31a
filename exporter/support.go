package main

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/epicurve/epicurve/exporter/config"
	"github.com/epicurve/epicurve/exporter/metrics"
	"github.com/epicurve/epicurve/pkg/support"
)

func (c *cli) addSupport() {
	var url, file, output string
	cmd := c.command("support-bundle", "Pack metrics, configuration and the state of the directories into one file, without secrets, to send with a bug report.",
		func(ctx context.Context) int {
			parts := supportParts(url, file)
			if err := writeBundle(ctx, output, parts); err != nil {
				fmt.Fprintf(c.stderr, "epicurve-exporter: %v\n", err)
				return exitError
			}
			fmt.Fprintf(c.stdout, "%s holds %s. Look through it before you send it.\n", output, support.Summary(parts))
			return exitOK
		})
	cmd.Flag("exporter.url", "URL of the running exporter.").Default("http://localhost" + defaultAddress).StringVar(&url)
	cmd.Flag("config.file", "Configuration file of the running exporter.").Default("/etc/epicurve/exporter.yml").StringVar(&file)
	cmd.Flag("output", "File to write; it must not exist yet.").Short('o').Default("epicurve-exporter-support.tar.gz").StringVar(&output)
}

// writeBundle writes a bundle to a new file that only its owner may read.
func writeBundle(ctx context.Context, output string, parts []support.Part) error {
	f, err := os.OpenFile(output, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return fmt.Errorf("support bundle: %w", err)
	}
	if err := support.Write(ctx, f, "epicurve-exporter", time.Now(), parts); err != nil {
		f.Close()
		return fmt.Errorf("support bundle: %w", err)
	}
	if err := f.Close(); err != nil {
		return fmt.Errorf("support bundle: %w", err)
	}
	return nil
}

// supportParts lists what a bundle holds. No core, no record and no log line of
// another program is among it.
func supportParts(url, file string) []support.Part {
	parts := []support.Part{
		{Name: "version.txt", Collect: func(context.Context) ([]byte, error) { return []byte(metrics.Version() + "\n"), nil }},
		{Name: "exporter.yml", Collect: func(context.Context) ([]byte, error) { return os.ReadFile(file) }},
		{Name: "metrics.txt", Collect: support.Page(strings.TrimSuffix(url, "/")+"/metrics", "")},
		{Name: "ready.txt", Collect: support.Page(strings.TrimSuffix(url, "/")+"/-/ready", "")},
		{Name: "directories.txt", Collect: func(context.Context) ([]byte, error) { return describeDirectories(file) }},
	}
	for _, p := range []struct{ name, path string }{
		{"core_pattern.txt", "/proc/sys/kernel/core_pattern"}, {"kernel.txt", "/proc/version"}, {"mounts.txt", "/proc/self/mounts"},
	} {
		parts = append(parts, support.Part{Name: p.name, Collect: func(context.Context) ([]byte, error) { return os.ReadFile(p.path) }})
	}
	return parts
}

// describeDirectories says of the watched directories and of the state how many
// files are there, how large they are, and how old; names of cores are left out,
// they may tell of customers.
func describeDirectories(file string) ([]byte, error) {
	cfg, err := config.LoadExpanded(file, os.LookupEnv)
	if err != nil {
		return nil, err
	}
	var b strings.Builder
	for _, pattern := range append(cfg.Core.Dirs, cfg.State.Dir) {
		dirs, err := filepath.Glob(pattern)
		if err != nil || len(dirs) == 0 {
			fmt.Fprintf(&b, "%s: not there\n", pattern)
		}
		for _, dir := range dirs {
			b.WriteString(describeDirectory(dir) + "\n")
		}
	}
	return []byte(b.String()), nil
}

func describeDirectory(dir string) string {
	var files, bytes int64
	var oldest, newest time.Time
	err := filepath.WalkDir(dir, func(_ string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return nil //nolint:nilerr // gone meanwhile
		}
		files, bytes = files+1, bytes+info.Size()
		if at := info.ModTime(); oldest.IsZero() || at.Before(oldest) {
			oldest = at
		}
		if at := info.ModTime(); at.After(newest) {
			newest = at
		}
		return nil
	})
	if err != nil {
		return fmt.Sprintf("%s: %v", dir, err)
	}
	if files == 0 {
		return dir + ": empty"
	}
	return fmt.Sprintf("%s: %d files, %d bytes, from %s to %s", dir, files, bytes, oldest.UTC().Format(time.RFC3339), newest.UTC().Format(time.RFC3339))
}
