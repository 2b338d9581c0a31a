package main

import (
	"context"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/prometheus/common/version"

	"github.com/epicurve/epicurve/pkg/support"
)

func (c *cli) addSupport() {
	var url, tokenFile, output string
	cmd := c.command("support-bundle", "Pack metrics and state of a running archive into one file, without secrets and without crashes, to send with a bug report.",
		func(ctx context.Context) error {
			parts, err := supportParts(url, tokenFile)
			if err != nil {
				return err
			}
			if err := writeBundle(ctx, output, parts); err != nil {
				return err
			}
			_, err = fmt.Fprintf(c.stdout, "%s holds %s. Look through it before you send it.\n", output, support.Summary(parts))
			return err
		})
	cmd.Flag("archive.url", "URL of the archive.").Default("http://localhost" + defaultAddress).Envar("EPICURVE_ARCHIVE_URL").StringVar(&url)
	cmd.Flag("archive.token-file", "File with a bearer token of the role read, for an archive that asks for one.").StringVar(&tokenFile)
	cmd.Flag("output", "File to write; it must not exist yet.").Short('o').Default("epicurve-archive-support.tar.gz").StringVar(&output)
}

// supportParts lists what a bundle holds. No crash and no event of the ledger is
// among it.
func supportParts(url, tokenFile string) ([]support.Part, error) {
	var token string
	if tokenFile != "" {
		text, err := os.ReadFile(tokenFile)
		if err != nil {
			return nil, fmt.Errorf("token: %w", err)
		}
		token = strings.TrimSpace(string(text))
	}
	url = strings.TrimSuffix(url, "/")
	parts := []support.Part{{
		Name:    "version.txt",
		Collect: func(context.Context) ([]byte, error) { return []byte(version.Print("epicurve-archive") + "\n"), nil },
	}}
	for _, p := range []struct{ name, path string }{
		{"metrics.txt", "/metrics"}, {"ready.txt", "/-/ready"}, {"status.json", "/api/v1/status"}, {"dimensions.json", "/api/v1/dimensions"},
	} {
		parts = append(parts, support.Part{Name: p.name, Collect: support.Page(url+p.path, token)})
	}
	for _, p := range []struct{ name, path string }{
		{"kernel.txt", "/proc/version"}, {"memory.txt", "/proc/meminfo"}, {"mounts.txt", "/proc/self/mounts"},
	} {
		parts = append(parts, support.Part{Name: p.name, Collect: func(context.Context) ([]byte, error) { return os.ReadFile(p.path) }})
	}
	return parts, nil
}

// writeBundle writes a bundle to a new file that only its owner may read.
func writeBundle(ctx context.Context, output string, parts []support.Part) error {
	f, err := os.OpenFile(output, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return fmt.Errorf("support bundle: %w", err)
	}
	if err := support.Write(ctx, f, "epicurve-archive", time.Now(), parts); err != nil {
		f.Close()
		return fmt.Errorf("support bundle: %w", err)
	}
	if err := f.Close(); err != nil {
		return fmt.Errorf("support bundle: %w", err)
	}
	return nil
}
