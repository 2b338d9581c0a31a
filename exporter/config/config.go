package config

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"

	"github.com/epicurve/epicurve/exporter/annotate"
	"github.com/epicurve/epicurve/exporter/annotate/cloud"
)

// Config is everything that can be configured.
type Config struct {
	Core    Core    `yaml:"core"`
	State   State   `yaml:"state"`
	Archive Archive `yaml:"archive"`
	Push    Push    `yaml:"push"`
	// Services are the watched services: they name crashes by executable,
	// and their running time is recorded as exposure.
	Services []Service `yaml:"services"`
	// Logs tell of crashes that left no core.
	Logs Logs `yaml:"logs"`
	// Annotations tell where this node stands.
	Annotations Annotations `yaml:"annotations"`
	// Filters mark false positives; the first that matches decides.
	Filters []Filter `yaml:"filters"`
}

// Filter is a false-positive filter; all its conditions must hold.
type Filter struct {
	Name string `yaml:"name"`
	// Fields are expressions that the named fields of the record must match
	// as a whole.
	Fields map[string]string `yaml:"fields"`
	// Log is a condition on lines of a log around the crash.
	Log *LogCondition `yaml:"log"`
}

// LogCondition holds when a line of a log matches near the crash.
type LogCondition struct {
	Source string   `yaml:"source"` // kernel, journal, or the name of a log file
	Line   string   `yaml:"line"`
	Within Duration `yaml:"within"`
}

// Compiled returns the filters in the form that the annotator takes.
func (c *Config) Compiled() []annotate.Filter {
	var all []annotate.Filter
	for _, f := range c.Filters {
		a := annotate.Filter{Name: f.Name, Fields: f.Fields}
		if f.Log != nil {
			a.Log = &annotate.LogCondition{Log: f.Log.Source, Line: f.Log.Line, Within: time.Duration(f.Log.Within)}
		}
		all = append(all, a)
	}
	return all
}

// Service is a program whose crashes and running time are told apart.
type Service struct {
	Name string `yaml:"name"`
	// Version is needed only where build ids do not tell versions apart.
	Version string `yaml:"version"`
	// Executable is a pattern of the path of the executable, or of its base
	// name when it holds no slash.
	Executable string `yaml:"executable"`
}

// Core says where core files appear and when they count as complete.
type Core struct {
	// Dirs are directories or globs of directories.
	Dirs []string `yaml:"dirs"`
	// Ignore are patterns of base names that are passed over.
	Ignore []string `yaml:"ignore"`
	// NamePatterns are core_patterns besides the kernel's present one, from
	// which times, pids and CPU numbers are read.
	NamePatterns []string `yaml:"name_patterns"`
	// Settle is how long a file must be quiet when nothing else tells that
	// it is complete.
	Settle Duration `yaml:"settle"`
	// Rescan is the time between two scans of every directory.
	Rescan Duration `yaml:"rescan"`
	// Poll is the time between two scans of directories without inotify.
	Poll Duration `yaml:"poll"`
	// UserRate and UserBurst bound the crashes that the files of one user,
	// other than root, may make a second and at once; 0 is no bound.
	UserRate  float64 `yaml:"user_rate"`
	UserBurst Count   `yaml:"user_burst"`
	// Symbols looks up function names and text in the executables and
	// libraries of this node that have the build id of the core's.
	Symbols bool `yaml:"symbols"`
	// Root is where the host's filesystem is mounted, such as /host in a
	// container: executables and libraries, the machine id, and the state of
	// containers are read below it.
	Root string `yaml:"root"`
	// Retention deletes cores that were recorded; without bounds it is off.
	Retention Retention `yaml:"retention"`
}

// State is where the exporter keeps what must survive a restart.
type State struct {
	Dir string `yaml:"dir"`
	// MaxBytes bounds the spool.
	MaxBytes Bytes `yaml:"max_bytes"`
	// WhenFull says which records go when the spool outgrows its bound:
	// drop_oldest or drop_newest.
	WhenFull string `yaml:"when_full"`
}

// What State.WhenFull may be.
const (
	DropOldest = "drop_oldest"
	DropNewest = "drop_newest"
)

// Archive is where records are shipped to.
type Archive struct {
	URL       string   `yaml:"url"`
	TokenFile string   `yaml:"token_file"`
	CAFile    string   `yaml:"ca_file"`
	Timeout   Duration `yaml:"timeout"`
}

// Push is for hosts that cannot be scraped.
type Push struct {
	URL      string            `yaml:"url"`
	Interval Duration          `yaml:"interval"`
	Labels   map[string]string `yaml:"labels"`
	// HeadersFile holds header lines, such as one with a token.
	HeadersFile string `yaml:"headers_file"`
}

// Default returns the defaults.
func Default() Config {
	return Config{
		Core: Core{
			Settle: Duration(2 * time.Second), Rescan: Duration(time.Minute), Poll: Duration(5 * time.Second),
			UserRate: 20, UserBurst: 20000, Symbols: true, Retention: Retention{MinAge: Duration(time.Minute)},
		},
		State:   State{Dir: "/var/lib/epicurve-exporter", MaxBytes: 256 << 20, WhenFull: DropOldest},
		Archive: Archive{Timeout: Duration(30 * time.Second)},
		Push:    Push{Interval: Duration(15 * time.Second)},
		Logs:    Logs{Hold: Duration(time.Minute)},
		Annotations: Annotations{
			Cloud: Cloud{Provider: cloud.Auto, Timeout: Duration(time.Second)}, PhysicalHostTimeout: Duration(5 * time.Second),
		},
	}
}

// maxFile bounds a configuration file.
const maxFile = 1 << 20

// Load reads a file over the defaults. The result is not validated yet, since
// flags may still change it.
func Load(path string) (Config, error) { return LoadExpanded(path, nil) }

// LoadExpanded is Load with variables of an environment for every ${NAME} in
// the values of the file.
func LoadExpanded(path string, env Environment) (Config, error) {
	f, err := os.Open(path)
	if err != nil {
		return Config{}, fmt.Errorf("configuration: %w", err)
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err != nil {
		return Config{}, fmt.Errorf("configuration %s: %w", path, err)
	}
	if len(text) > maxFile {
		return Config{}, fmt.Errorf("configuration %s: is larger than %d bytes", path, maxFile)
	}
	c, err := Parse(text, env)
	if err != nil {
		return Config{}, fmt.Errorf("configuration %s: %w", path, err)
	}
	return c, nil
}

// Parse reads YAML over the defaults. Unknown fields, duplicate keys and a
// second document are errors.
func Parse(text []byte, env Environment) (Config, error) {
	c := Default()
	file, err := parser.ParseBytes(text, 0)
	if err == nil {
		err = expand(file, env)
	}
	if err == nil {
		err = decode(file, &c)
	}
	if err != nil {
		return Config{}, errors.New(yaml.FormatError(err, false, true))
	}
	if env == nil {
		return c, c.checkUnexpanded()
	}
	return c, nil
}

// decode decodes the one document of a file; an empty file has none.
func decode(file *ast.File, c *Config) error {
	var body ast.Node
	for _, doc := range file.Docs {
		switch {
		case doc.Body == nil:
		case body != nil:
			return at(doc.Body, "a second document begins here; a configuration is one document")
		default:
			body = doc.Body
		}
	}
	if body == nil {
		return nil
	}
	return yaml.NewDecoder(bytes.NewReader(nil), yaml.Strict()).DecodeFromNode(body, c)
}
