// Package promtool checks Prometheus configuration and rules with Prometheus'
// own promtool, pinned in tools/go.mod.
package promtool

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// withoutDiscovery leaves the service discoveries of every cloud out of
// promtool, which makes it build in a fraction of the time.
const withoutDiscovery = "-tags=remove_all_sd"

// Check checks the files of dir: rules (*rules*.yml), their tests (*_test.yml)
// and configurations (prometheus*.yml); root is the folder of go.mod. A folder
// without any is an error, it would check nothing.
func Check(ctx context.Context, root, dir string, out io.Writer) error {
	files, err := filepath.Glob(filepath.Join(root, dir, "*.y*ml"))
	if err != nil {
		return fmt.Errorf("promtool: %w", err)
	}
	if len(files) == 0 {
		return fmt.Errorf("promtool: no files in %s", dir)
	}
	var failed []error
	for _, file := range files {
		args := command(filepath.Base(file))
		if args == nil {
			failed = append(failed, fmt.Errorf("promtool: %s is neither rules, nor their tests, nor a configuration by its name", file))
			continue
		}
		rel, err := filepath.Rel(root, file)
		if err != nil {
			return fmt.Errorf("promtool: %w", err)
		}
		if err := run(ctx, root, out, append(args, rel)); err != nil {
			failed = append(failed, err)
		}
	}
	return errors.Join(failed...)
}

// command chooses promtool's command by a file's name.
func command(name string) []string {
	base := strings.TrimSuffix(strings.TrimSuffix(name, ".yaml"), ".yml")
	switch {
	case strings.HasSuffix(base, "_test") || strings.HasSuffix(base, ".test"):
		return []string{"test", "rules"}
	case strings.Contains(base, "rules") || strings.Contains(base, "alerts"):
		return []string{"check", "rules"}
	case strings.HasPrefix(base, "prometheus"):
		return []string{"check", "config", "--syntax-only"}
	default:
		return nil
	}
}

func run(ctx context.Context, root string, out io.Writer, args []string) error {
	cmd := exec.CommandContext(ctx, "go", append([]string{"tool", "-modfile=tools/go.mod", "promtool"}, args...)...)
	cmd.Dir, cmd.Stdout, cmd.Stderr = root, out, out
	flags := strings.Fields(os.Getenv("GOFLAGS"))
	cmd.Env = append(os.Environ(), "GOFLAGS="+strings.Join(append(slices.Clone(flags), withoutDiscovery), " "))
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("promtool %s: %w", strings.Join(args, " "), err)
	}
	return nil
}
