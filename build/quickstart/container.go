package quickstart

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// Release is the Debian that a newcomer has.
const Release = "bookworm"

// container is a booted Debian with systemd.
type container struct {
	root   string
	log    *os.File
	cmd    *exec.Cmd
	leader string // pid of its init
}

// install makes a fresh Debian in root, from the mirror that this machine uses.
func install(ctx context.Context, root string) error {
	mirror, err := mirror(ctx)
	if err != nil {
		return err
	}
	args := []string{"--variant=minbase", "--include=systemd,systemd-sysv,dbus,ca-certificates,curl", Release, root}
	if mirror != "" {
		args = append(args, mirror)
	}
	if out, err := exec.CommandContext(ctx, "debootstrap", args...).CombinedOutput(); err != nil {
		return fmt.Errorf("debootstrap: %w: %s", err, tail(out))
	}
	// As Debian's installer leaves it; debootstrap does not.
	if err := os.WriteFile(filepath.Join(root, "etc", "hosts"), []byte("127.0.0.1\tlocalhost\n::1\tlocalhost\n"), 0o644); err != nil {
		return fmt.Errorf("debootstrap: %w", err)
	}
	return nil
}

// mirror is where this machine's own packages come from; "" leaves the choice to
// debootstrap.
func mirror(ctx context.Context) (string, error) {
	out, err := exec.CommandContext(ctx, "apt-get", "indextargets", "--format", "$(REPO_URI)", "Codename: "+Release, "Created-By: Packages").Output()
	if err != nil {
		return "", fmt.Errorf("apt-get indextargets: %w", err)
	}
	first, _, _ := strings.Cut(string(out), "\n")
	return strings.TrimSpace(first), nil
}

// boot boots the Debian in root, with a network of its own that leads nowhere, and waits
// until systemd has started everything.
func boot(ctx context.Context, root string) (*container, error) {
	log, err := os.Create(root + ".log")
	if err != nil {
		return nil, fmt.Errorf("boot: %w", err)
	}
	c := &container{root: root, log: log}
	c.cmd = exec.Command("systemd-nspawn", "--quiet", "--boot", "--register=no", "--keep-unit", "--private-network", "--directory", root) //nolint:noctx // stop ends it
	c.cmd.Stdout, c.cmd.Stderr = log, log
	c.cmd.Env = append(os.Environ(), "SYSTEMD_NSPAWN_UNIFIED_HIERARCHY="+unified())
	c.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := c.cmd.Start(); err != nil {
		return nil, fmt.Errorf("boot: %w", err)
	}
	if err := c.awaitBoot(ctx); err != nil {
		return nil, errors.Join(err, c.stop())
	}
	return c, nil
}

// unified is "1" where this machine has the one hierarchy of control groups, and
// "0" where it has those of before.
func unified() string {
	if _, err := os.Stat("/sys/fs/cgroup/cgroup.controllers"); err == nil {
		return "1"
	}
	return "0"
}

func (c *container) awaitBoot(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Minute)
	defer cancel()
	tick := time.NewTicker(200 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			said, err := os.ReadFile(c.log.Name())
			return fmt.Errorf("boot: %w: %s", ctx.Err(), tail(append(said, fmt.Sprint(err)...)))
		case <-tick.C:
		}
		pid := c.cmd.Process.Pid
		children, err := os.ReadFile(fmt.Sprintf("/proc/%d/task/%d/children", pid, pid))
		if err != nil {
			return fmt.Errorf("boot: systemd-nspawn ended: %w", err)
		}
		fields := strings.Fields(string(children))
		if len(fields) == 0 {
			continue
		}
		c.leader = fields[0]
		// "degraded" is a boot in which a service of Debian's own did not
		// start, which a container may cause.
		out, _ := c.command(ctx, "systemctl is-system-running").Output() //nolint:errcheck // the state is what it prints
		if state := strings.TrimSpace(string(out)); state == "running" || state == "degraded" {
			return nil
		}
	}
}

// command is a command of the container's shell, which stops at the first that
// fails.
func (c *container) command(ctx context.Context, text string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, "nsenter", "--target", c.leader, "--all", "--", "/usr/bin/env", "-i",
		"HOME=/root", "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "DEBIAN_FRONTEND=noninteractive",
		"/bin/bash", "-e", "-o", "pipefail", "-c", text)
	cmd.WaitDelay = 10 * time.Second
	return cmd
}

// stop ends the container at once; it is thrown away. When its init dies, the
// kernel kills all else in it.
func (c *container) stop() error {
	var err error
	if pid, parse := strconv.Atoi(c.leader); parse == nil {
		err = syscall.Kill(pid, syscall.SIGKILL)
	} else {
		err = syscall.Kill(-c.cmd.Process.Pid, syscall.SIGKILL)
	}
	_ = c.cmd.Wait() //nolint:errcheck // it was killed
	return errors.Join(err, c.log.Close())
}

// bring copies files into root's home in the container.
func bring(root string, files []string) error {
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err != nil {
			return fmt.Errorf("quick start: %w", err)
		}
		if err := os.WriteFile(filepath.Join(root, "root", filepath.Base(file)), content, 0o644); err != nil {
			return fmt.Errorf("quick start: %w", err)
		}
	}
	return nil
}

func tail(out []byte) string {
	lines := bytes.Split(bytes.TrimSpace(out), []byte("\n"))
	return string(bytes.Join(lines[max(0, len(lines)-15):], []byte("\n")))
}
