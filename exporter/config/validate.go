package config

import (
	"errors"
	"fmt"
	"net/url"
	"path"
	"path/filepath"
	"regexp"
	"time"

	"github.com/epicurve/epicurve/exporter/annotate"
)

var labelName = regexp.MustCompile(`^[a-zA-Z_][a-zA-Z0-9_]*$`)

// Validate checks a whole configuration and returns every fault at once, each
// with the name of its field.
func (c *Config) Validate() error {
	return errors.Join(c.Core.validate(), c.State.validate(), c.validateApart(), c.Archive.validate(), c.Push.validate(), validateServices(c.Services),
		c.validateFilters(), c.Annotations.validate(), c.Logs.validate())
}

func (c *Config) validateFilters() error {
	logs := make(map[string]bool)
	if c.Logs.Kernel {
		logs["kernel"] = true
	}
	if c.Logs.Journal.Follow {
		logs["journal"] = true
	}
	for i, f := range c.Logs.Files {
		if f.Name == "" || f.Name == "kernel" || f.Name == "journal" || logs[f.Name] {
			return fmt.Errorf("logs.files[%d].name: %q: want a name of its own that is neither kernel nor journal", i, f.Name)
		}
		logs[f.Name] = true
	}
	for i, f := range c.Filters {
		if f.Log != nil && !logs[f.Log.Source] {
			return fmt.Errorf("filters[%d].log.source: %q: want kernel (with logs.kernel: true), journal (with logs.journal.follow: true) or the name of one of logs.files", i, f.Log.Source)
		}
	}
	_, err := annotate.NewFilters(c.Compiled(), nil)
	return err
}

func validateServices(services []Service) error {
	var errs []error
	for i, s := range services {
		if s.Name == "" || len(s.Name) > 256 {
			errs = append(errs, fmt.Errorf("services[%d].name: has %d bytes, want 1 to 256", i, len(s.Name)))
		}
		if _, err := path.Match(s.Executable, ""); err != nil || s.Executable == "" {
			errs = append(errs, fmt.Errorf("services[%d].executable: %q is not a pattern such as /opt/web/bin/* or web-server", i, s.Executable))
		}
	}
	return errors.Join(errs...)
}

func (c *Core) validate() error {
	var errs []error
	if len(c.Dirs) == 0 {
		errs = append(errs, errors.New("core.dirs: name at least one directory to watch (--core.dir)"))
	}
	for i, dir := range c.Dirs {
		if dir == "" {
			errs = append(errs, fmt.Errorf("core.dirs[%d]: is empty", i))
		} else if _, err := filepath.Match(dir, ""); err != nil {
			errs = append(errs, fmt.Errorf("core.dirs[%d]: %q: %w", i, dir, err))
		}
	}
	for i, pattern := range c.Ignore {
		if _, err := path.Match(pattern, ""); err != nil {
			errs = append(errs, fmt.Errorf("core.ignore[%d]: %q: %w", i, pattern, err))
		}
	}
	for i, pattern := range c.NamePatterns {
		if _, err := annotate.ParsePattern(pattern); err != nil {
			errs = append(errs, fmt.Errorf("core.name_patterns[%d]: %w", i, err))
		}
	}
	if c.UserRate < 0 || c.UserBurst < 0 || (c.UserRate > 0 && c.UserBurst == 0) {
		errs = append(errs, fmt.Errorf("core.user_rate: %g with core.user_burst %d: want neither below 0, and a burst where there is a rate", c.UserRate, c.UserBurst))
	}
	errs = append(errs,
		between("core.settle", c.Settle, 50*time.Millisecond, time.Hour),
		between("core.rescan", c.Rescan, time.Second, 24*time.Hour),
		between("core.poll", c.Poll, 100*time.Millisecond, 24*time.Hour),
		c.Retention.validate())
	if c.Root != "" && !filepath.IsAbs(c.Root) {
		errs = append(errs, fmt.Errorf("core.root: %q: want an absolute path such as /host", c.Root))
	}
	return errors.Join(errs...)
}

func (c *State) validate() error {
	var errs []error
	if c.Dir == "" {
		errs = append(errs, errors.New("state.dir: is empty (--state.dir)"))
	}
	if c.MaxBytes < 1<<20 {
		errs = append(errs, fmt.Errorf("state.max_bytes: %d is less than 1MiB", c.MaxBytes))
	}
	if c.WhenFull != DropOldest && c.WhenFull != DropNewest {
		errs = append(errs, fmt.Errorf("state.when_full: %.40q: want %s or %s", c.WhenFull, DropOldest, DropNewest))
	}
	return errors.Join(errs...)
}

// validateApart checks that no file of the exporter's own lies among the cores.
func (c *Config) validateApart() error {
	for i, dir := range c.Core.Dirs {
		ok, err := filepath.Match(filepath.Clean(dir), filepath.Clean(c.State.Dir))
		if err == nil && ok && dir != "" {
			return fmt.Errorf("core.dirs[%d]: %q holds the exporter's own state: want a state.dir of its own", i, dir)
		}
	}
	return nil
}

func (c *Archive) validate() error {
	return errors.Join(httpURL("archive.url", c.URL), between("archive.timeout", c.Timeout, time.Second, 10*time.Minute))
}

func (c *Push) validate() error {
	errs := []error{httpURL("push.url", c.URL), between("push.interval", c.Interval, time.Second, time.Hour)}
	for name := range c.Labels {
		if !labelName.MatchString(name) {
			errs = append(errs, fmt.Errorf("push.labels: %q is not a label name", name))
		}
	}
	return errors.Join(errs...)
}

func httpURL(field, text string) error {
	if text == "" {
		return nil
	}
	u, err := url.Parse(text)
	switch {
	case err != nil:
		return fmt.Errorf("%s: not a URL", field) // the cause would repeat what may be a secret
	case (u.Scheme != "http" && u.Scheme != "https") || u.Host == "":
		return fmt.Errorf("%s: %q: want http://HOST:PORT or https://HOST:PORT", field, u.Redacted())
	case u.User != nil:
		return fmt.Errorf("%s: %q: credentials belong into a file, not into a URL", field, u.Redacted())
	}
	return nil
}

func between(field string, d Duration, low, high time.Duration) error {
	if v := time.Duration(d); v < low || v > high {
		return fmt.Errorf("%s: %s is not between %s and %s", field, v, low, high)
	}
	return nil
}
