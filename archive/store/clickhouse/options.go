package clickhouse

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Options say where a ClickHouse is, and how the archive lies in it.
type Options struct {
	// Hosts are addresses (host:port) of the HTTP interface. The first one
	// that answers is used; the others stand in for it.
	Hosts    []string
	Database string
	User     string // "default" when empty
	// PasswordFile holds the user's password in its first line. A password
	// is never part of a URL, because URLs are logged.
	PasswordFile string
	Secure       bool   // HTTPS
	CAFile       string // PEM file of authorities to trust instead of the system's

	// Cluster names a cluster of the servers' configuration. The tables are
	// then made on all of its nodes: replicated within a shard, records
	// spread over the shards by a hash of their id. Empty is one server.
	Cluster string
	// Path is the beginning of the tables' paths in ZooKeeper or Keeper;
	// "/clickhouse/tables" when empty.
	Path string
	// Quorum is the number of replicas that must have an insert before it is
	// acknowledged; 0 is the one that takes it. More is safer and refuses
	// records while a replica is down.
	Quorum int

	// Pause is the least time between two small inserts, in which what
	// arrives is gathered; 100 ms when zero, none when negative.
	Pause time.Duration
	// InsertTimeout bounds an insert with all its tries; 30 s when zero.
	InsertTimeout time.Duration
	// Settings are further ClickHouse settings for every statement.
	Settings map[string]string
}

// Example is a storage URL, for help texts.
const Example = "clickhouse://USER@HOST:8123/DATABASE?password-file=PATH"

var (
	databaseName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]{0,99}$`)
	clusterName  = regexp.MustCompile(`^[A-Za-z0-9_.-]{1,100}$`)
	settingName  = regexp.MustCompile(`^[a-z][a-z0-9_]{0,99}$`)
	keeperPath   = regexp.MustCompile(`^(/[A-Za-z0-9_.{}-]+)+$`)
)

// ParseURL reads a storage URL such as
//
//	clickhouse://epicurve@a:8123,b:8123/epicurve?cluster=main&password-file=/etc/epicurve/clickhouse.password
func ParseURL(raw string) (Options, error) {
	rest, ok := strings.CutPrefix(raw, "clickhouse://")
	if !ok {
		return Options{}, fmt.Errorf("clickhouse: storage %q: want %s", redacted(raw), Example)
	}
	end := strings.IndexAny(rest, "/?")
	if end < 0 {
		end = len(rest)
	}
	user, hosts, ok := cutLast(rest[:end], "@")
	if !ok {
		user, hosts = "", rest[:end]
	}
	if strings.Contains(user, ":") {
		return Options{}, errors.New("clickhouse: the storage URL has a password, which would be logged; write it to a file and give ?password-file=PATH")
	}
	u, err := url.Parse(rest[end:])
	if err != nil {
		return Options{}, fmt.Errorf("clickhouse: storage %q: %w", raw, err)
	}
	opt := Options{Database: strings.TrimPrefix(u.Path, "/")}
	if opt.User, err = url.PathUnescape(user); err != nil {
		return Options{}, fmt.Errorf("clickhouse: user in the storage URL: %w", err)
	}
	opt.Hosts = strings.Split(hosts, ",")
	values, err := url.ParseQuery(u.RawQuery)
	if err != nil {
		return Options{}, fmt.Errorf("clickhouse: storage %q: %w", raw, err)
	}
	for name, v := range values {
		if err := opt.set(name, v[len(v)-1]); err != nil {
			return Options{}, fmt.Errorf("clickhouse: storage URL: %s: %w", name, err)
		}
	}
	return opt, opt.check()
}

func cutLast(s, sep string) (before, after string, found bool) {
	if i := strings.LastIndex(s, sep); i >= 0 {
		return s[:i], s[i+len(sep):], true
	}
	return "", s, false
}

// redacted leaves out what may be a password.
func redacted(raw string) string {
	if at := strings.LastIndex(raw, "@"); at >= 0 {
		return "…" + raw[at:]
	}
	return raw
}

// set applies one parameter of a storage URL.
func (o *Options) set(name, value string) (err error) {
	switch name {
	case "cluster":
		o.Cluster = value
	case "path":
		o.Path = value
	case "password-file":
		o.PasswordFile = value
	case "ca-file":
		o.CAFile = value
	case "secure":
		o.Secure, err = strconv.ParseBool(value)
	case "quorum":
		o.Quorum, err = strconv.Atoi(value)
	case "pause":
		o.Pause, err = time.ParseDuration(value)
	case "insert-timeout":
		o.InsertTimeout, err = time.ParseDuration(value)
	default:
		setting, ok := strings.CutPrefix(name, "set.")
		if !ok {
			return errors.New("is not known; possible are ca-file, cluster, insert-timeout, password-file, path, pause, quorum, secure, set.NAME")
		}
		if !settingName.MatchString(setting) {
			return fmt.Errorf("%q is not the name of a setting", setting)
		}
		if o.Settings == nil {
			o.Settings = make(map[string]string)
		}
		o.Settings[setting] = value
	}
	return err
}

// check completes the options and reports what can't work.
func (o *Options) check() error {
	if o.User == "" {
		o.User = "default"
	}
	if o.Path == "" {
		o.Path = "/clickhouse/tables"
	}
	if o.Pause == 0 {
		o.Pause = 100 * time.Millisecond
	}
	if o.InsertTimeout <= 0 {
		o.InsertTimeout = 30 * time.Second
	}
	if len(o.Hosts) == 0 || slices.Contains(o.Hosts, "") {
		return fmt.Errorf("clickhouse: no host in the storage URL; want %s", Example)
	}
	for i, h := range o.Hosts {
		if strings.ContainsAny(h, "/?#@ ") {
			return fmt.Errorf("clickhouse: host %q: want HOST or HOST:PORT", h)
		}
		if _, _, err := net.SplitHostPort(h); err != nil {
			port := "8123"
			if o.Secure {
				port = "8443"
			}
			o.Hosts[i] = net.JoinHostPort(strings.Trim(h, "[]"), port)
		}
	}
	switch {
	case !databaseName.MatchString(o.Database):
		return fmt.Errorf("clickhouse: database %q: want a name of letters, digits and underscores; %s", o.Database, Example)
	case o.Cluster != "" && !clusterName.MatchString(o.Cluster):
		return fmt.Errorf("clickhouse: cluster %q: want the name of a cluster in the servers' configuration", o.Cluster)
	case !keeperPath.MatchString(o.Path):
		return fmt.Errorf("clickhouse: path %q: want one such as /clickhouse/tables", o.Path)
	case o.Quorum < 0 || o.Quorum > 100:
		return fmt.Errorf("clickhouse: quorum %d: want a number of replicas", o.Quorum)
	}
	return nil
}

// TenantDatabase names the database of a tenant of the archive in a database.
func TenantDatabase(database, tenant string) string { return database + "_t_" + tenant }
