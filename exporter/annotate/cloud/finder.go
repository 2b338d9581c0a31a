package cloud

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"
	"time"
)

// Whom to ask.
const (
	Auto  = "auto"
	AWS   = "aws"
	GCE   = "gce"
	Azure = "azure"
	Off   = "off"
)

// Providers lists what Config.Provider may be.
func Providers() []string { return []string{Auto, AWS, GCE, Azure, Off} }

// defaultEndpoint is where all three clouds answer.
const defaultEndpoint = "http://169.254.169.254"

var askers = map[string]func(context.Context, *client) (Place, error){AWS: askAWS, GCE: askGCE, Azure: askAzure}

// Config configures a Finder.
type Config struct {
	// Provider is one of Providers; "" is Auto.
	Provider string
	// Endpoint is where the server is; "" is the usual link-local address.
	Endpoint string
	// Timeout of one request (default 1s). A lookup makes up to five.
	Timeout time.Duration
	// Sys is where the kernel describes the firmware (default /sys).
	Sys string
	// Cache is a file in which the answer is kept for a restart within the
	// same boot, BootID; "" for none.
	Cache, BootID string
	// Changed is called with every new place.
	Changed func(Place)
	// Asked is told the result of every lookup: ok, absent or failed.
	Asked  func(result string)
	Logger *slog.Logger
}

// How long to wait between lookups: after an answer, after failures (doubled
// each time), and how often a server is looked for that may not be there.
const (
	refreshGap = time.Hour
	firstGap   = 5 * time.Second
	longestGap = time.Hour
	maxGuesses = 4
)

// Finder finds out where the machine stands and keeps it up to date. Make one
// with [New].
type Finder struct {
	cfg    Config
	client *client
	ask    []string // whom
	guess  bool     // they may all not be there
	place  atomic.Pointer[Place]
	known  bool // by an answer, now or in the cache
}

// New checks the configuration. When an earlier process of this boot has left
// its answer, or the firmware tells something, that is the place at once.
func New(cfg Config) (*Finder, error) {
	if err := CheckEndpoint(cfg.Endpoint); err != nil {
		return nil, err
	}
	if cfg.Provider == "" {
		cfg.Provider = Auto
	}
	if !slices.Contains(Providers(), cfg.Provider) {
		return nil, fmt.Errorf("cloud provider %q: want %s", cfg.Provider, strings.Join(Providers(), ", "))
	}
	f := &Finder{cfg: cfg.withDefaults()}
	f.client = newClient(strings.TrimSuffix(f.cfg.Endpoint, "/"), f.cfg.Timeout)
	told, provider, readable := firmware(f.cfg.Sys)
	switch {
	case cfg.Provider == Off:
		return f, nil
	case cfg.Provider != Auto:
		f.ask = []string{cfg.Provider}
	case provider != "":
		f.ask = []string{provider}
	case !readable:
		f.ask, f.guess = []string{AWS, GCE, Azure}, true
	default:
		f.cfg.Logger.Debug("The firmware names no cloud: none is asked")
		return f, nil
	}
	if cached, ok := f.load(); ok {
		told, f.known = cached, true
	}
	if told != (Place{}) {
		f.set(told)
	}
	return f, nil
}

func (c Config) withDefaults() Config {
	if c.Endpoint == "" {
		c.Endpoint = defaultEndpoint
	}
	if c.Timeout <= 0 {
		c.Timeout = time.Second
	}
	if c.Sys == "" {
		c.Sys = "/sys"
	}
	if c.Changed == nil {
		c.Changed = func(Place) {}
	}
	if c.Asked == nil {
		c.Asked = func(string) {}
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	return c
}

// CheckEndpoint accepts an address of this machine's neighbourhood: a metadata
// server is never further away, and a name could be made to lead anywhere.
func CheckEndpoint(endpoint string) error {
	if endpoint == "" {
		return nil
	}
	u, err := url.Parse(endpoint)
	if err != nil || u.Scheme != "http" || u.User != nil || strings.Trim(u.Path, "/") != "" || u.RawQuery != "" || u.Fragment != "" {
		return fmt.Errorf("%.120q: want http://ADDRESS or http://ADDRESS:PORT", endpoint)
	}
	ip, err := netip.ParseAddr(u.Hostname())
	if near := ip.IsLoopback() || ip.IsLinkLocalUnicast() || ip.IsPrivate(); err != nil || !near {
		return fmt.Errorf("%.120q: want a loopback, link-local or private IP address, such as http://169.254.169.254", endpoint)
	}
	return nil
}

// Place returns what is known now.
func (f *Finder) Place() Place {
	if p := f.place.Load(); p != nil {
		return *p
	}
	return Place{}
}

// Expected reports whether a server should be there, by the configuration or by
// the firmware, whose answer is not known yet: worth waiting for.
func (f *Finder) Expected() bool { return len(f.ask) > 0 && !f.guess && !f.known }

// Look makes one lookup.
func (f *Finder) Look(ctx context.Context) error {
	p, err := f.lookup(ctx)
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case err != nil && errors.Is(err, ErrAbsent):
		f.cfg.Asked("absent")
		return err
	case err != nil:
		f.cfg.Asked("failed")
		return err
	}
	f.cfg.Asked("ok")
	if !f.known || p != f.Place() {
		f.cfg.Logger.Info("The cloud tells where this machine is", "provider", p.Provider, "region", p.Region,
			"zone", p.Zone, "instance_type", p.InstanceType, "physical_host", p.PhysicalHost)
		f.set(p)
		f.save(p)
	}
	f.known = true
	return nil
}

// lookup asks everybody in question at the same time; one can be right at most.
func (f *Finder) lookup(ctx context.Context) (Place, error) {
	type result struct {
		place Place
		err   error
	}
	results := make(chan result, len(f.ask))
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	for _, provider := range f.ask {
		go func() {
			p, err := askers[provider](ctx, f.client)
			if err != nil {
				err = fmt.Errorf("%s: %w", provider, err)
			}
			results <- result{p, err}
		}()
	}
	var found *Place
	var errs []error
	for range f.ask { // all are awaited, so that none is left behind
		r := <-results
		if r.err == nil && found == nil {
			found = &r.place
			cancel()
		}
		errs = append(errs, r.err)
	}
	if found != nil {
		return *found, nil
	}
	return Place{}, errors.Join(errs...)
}

// Run keeps the place up to date until ctx is done, or until nobody answered
// where nobody need be.
func (f *Finder) Run(ctx context.Context) {
	if len(f.ask) == 0 {
		return
	}
	failures := 0
	for {
		err := f.Look(ctx)
		if ctx.Err() != nil {
			return
		}
		pause := refreshGap
		if err != nil {
			failures++
			if f.guess && !f.known && failures == maxGuesses {
				f.cfg.Logger.Info("No cloud's metadata server answers: none is asked any more", "err", err)
				return
			}
			pause = min(firstGap<<min(failures-1, 16), longestGap)
			f.report(err, pause, failures)
		} else {
			failures = 0
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(pause/2 + rand.N(pause)): //nolint:gosec // spreads load, keeps no secret
		}
	}
}

// report says what is wrong, less loudly while it may only be that this is no
// cloud.
func (f *Finder) report(err error, pause time.Duration, failures int) {
	level := slog.LevelWarn
	if f.guess || failures > maxGuesses {
		level = slog.LevelDebug
	}
	f.cfg.Logger.Log(context.Background(), level, "Cannot find out where in the cloud this machine is", "err", err,
		"again_in", pause.Round(time.Second), "attempt", failures)
}

func (f *Finder) set(p Place) {
	f.place.Store(&p)
	f.cfg.Changed(p)
}
