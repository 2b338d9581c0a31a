package quickstart

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// ErrCannot is wrapped when this machine can't boot a container.
var ErrCannot = errors.New("this machine can't boot a fresh Debian")

// patience is how long a block fenced as "sh retry" may take to succeed.
const patience = time.Minute

// Config says what to follow.
type Config struct {
	Page     string   // docs/install.md
	Packages []string // files that the page expects in /root
	Dir      string   // scratch directory
	Out      io.Writer
}

// Able returns an error that wraps ErrCannot and says what is missing.
func Able() error {
	if os.Getuid() != 0 {
		return fmt.Errorf("%w: it needs root", ErrCannot)
	}
	for _, tool := range []string{"debootstrap", "systemd-nspawn", "nsenter", "apt-get"} {
		if _, err := exec.LookPath(tool); err != nil {
			return fmt.Errorf("%w: it needs %s (apt-get install debootstrap systemd-container util-linux)", ErrCannot, tool)
		}
	}
	return nil
}

// Run makes a fresh Debian, boots it, and runs every block of the page in it, in
// order. The first that fails ends it, with what it said.
func (c Config) Run(ctx context.Context) (err error) {
	if err := Able(); err != nil {
		return err
	}
	blocks, err := ReadPage(c.Page)
	if err != nil {
		return err
	}
	root := filepath.Join(c.Dir, "fresh")
	began := time.Now()
	if err := install(ctx, root); err != nil {
		return err
	}
	if err := bring(root, c.Packages); err != nil {
		return err
	}
	machine, err := boot(ctx, root)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, machine.stop()) }()
	fmt.Fprintf(c.Out, "fresh     Debian %s with systemd, booted in a container after %s\n", Release, time.Since(began).Round(time.Second))
	began = time.Now()
	for _, b := range blocks {
		said, err := machine.follow(ctx, b)
		if err != nil {
			return fmt.Errorf("%s:%d: %w\n%s\nsaid: %s", c.Page, b.Line, err, b.Text, tail(said))
		}
		fmt.Fprintf(c.Out, "line %-4d %s\n", b.Line, strings.TrimSpace(firstLine(b.Text)))
	}
	fmt.Fprintf(c.Out, "followed  %d steps in %s\n", len(blocks), time.Since(began).Round(time.Second))
	return nil
}

// follow runs a block, again and again where the page says that it takes a while.
func (c *container) follow(ctx context.Context, b Block) (said []byte, err error) {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Minute)
	defer cancel()
	tick := time.NewTicker(500 * time.Millisecond)
	defer tick.Stop()
	for began := time.Now(); ; {
		said, err = c.command(ctx, b.Text).CombinedOutput()
		if err == nil || !b.Retry || time.Since(began) > patience {
			return said, err
		}
		select {
		case <-ctx.Done():
			return said, ctx.Err()
		case <-tick.C:
		}
	}
}

func firstLine(text string) string {
	for line := range strings.Lines(text) {
		if !strings.HasPrefix(line, "cd ") {
			return line
		}
	}
	return text
}
