package scan

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/epicurve/epicurve/pkg/crash"
)

// short are the names that patterns, mapping files and object metadata may use
// for dimensions.
var short = map[string]string{
	"host": "host.name", "service": "service.name", "build": "service.version", "version": "service.version",
	"executable": "process.executable.name", "namespace": "k8s.namespace.name", "pod": "k8s.pod.name",
	"node": "k8s.node.name", "cluster": "k8s.cluster.name", "image": "container.image.name",
	"region": "cloud.region", "zone": "cloud.availability_zone", "type": "host.type",
	"physical_host": "host.physical_id", "physical": "host.physical_id",
}

// fieldNamed finds the dimension of a name: a short one, its own, or its own
// with "_" or "-" for ".".
func fieldNamed(name string) (crash.Field, bool) {
	name = strings.ToLower(name)
	if f, ok := crash.DimensionByName(name); ok {
		return settable(f)
	}
	if long, ok := short[strings.ReplaceAll(name, "-", "_")]; ok {
		f, _ := crash.FieldByName(long)
		return f, true
	}
	squashed := squash(name)
	for _, f := range crash.Dimensions() {
		if squash(f.Name) == squashed {
			return settable(f)
		}
	}
	return crash.Field{}, false
}

// settable leaves out what the core itself tells.
func settable(f crash.Field) (crash.Field, bool) {
	return f, !strings.HasPrefix(f.Name, "crash.") && f.String != nil
}

func squash(name string) string {
	return strings.NewReplacer(".", "", "_", "", "-", "").Replace(name)
}

// Pattern takes fields from the names of objects by its named groups.
type Pattern struct {
	re     *regexp.Regexp
	groups []func(*crash.Record, string)
}

// ParsePattern compiles an expression whose named groups are host, service,
// build, time, pid, or dimensions with "_" for ".". It is matched against the
// whole URL of an object, and inside of a zip against URL!ENTRY.
func ParsePattern(expr string) (*Pattern, error) {
	re, err := regexp.Compile(expr)
	if err != nil {
		return nil, fmt.Errorf("name pattern: %w", err)
	}
	p := &Pattern{re: re, groups: make([]func(*crash.Record, string), len(re.SubexpNames()))}
	named := 0
	for i, name := range re.SubexpNames() {
		if name == "" {
			continue
		}
		named++
		switch field, ok := fieldNamed(name); {
		case name == "time":
			p.groups[i] = setTime
		case name == "pid":
			p.groups[i] = setPID
		case ok:
			p.groups[i] = func(r *crash.Record, v string) { *field.String(r) = v }
		default:
			return nil, fmt.Errorf("name pattern: group %q is neither host, service, build, time, pid nor a dimension such as cloud_region", name)
		}
	}
	if named == 0 {
		return nil, fmt.Errorf("name pattern %q has no named group, such as (?P<host>[^/]+)", expr)
	}
	return p, nil
}

// Annotate sets what the name tells; false when the pattern does not match.
func (p *Pattern) Annotate(r *crash.Record, url string) bool {
	if p == nil {
		return false
	}
	m := p.re.FindStringSubmatch(url)
	for i, v := range m {
		if set := p.groups[i]; set != nil && v != "" {
			set(r, v)
		}
	}
	return m != nil
}

func setTime(r *crash.Record, text string) {
	if t, ok := parseTime(text); ok {
		r.Time, r.TimeSource = t, crash.TimeFromCoreName
	}
}

func setPID(r *crash.Record, text string) {
	if n, err := strconv.ParseInt(text, 10, 64); err == nil && n > 0 && !r.Process.PID.Known {
		r.Process.PID = crash.Some(n)
	}
}

// layouts are the forms of times in names, tried in turn; those without a zone
// are UTC.
var layouts = []string{
	time.RFC3339Nano, "2006-01-02T15:04:05", "2006-01-02 15:04:05", "2006-01-02T15-04-05Z07:00", "2006-01-02T15-04-05",
	"2006-01-02_15-04-05", "2006-01-02-15-04-05", "20060102T150405Z0700", "20060102T150405", "20060102-150405", "20060102_150405", "20060102150405",
	"2006-01-02", "2006/01/02",
}

// parseTime reads a layout, or seconds, milliseconds, micro- or nanoseconds
// since the epoch, told apart by their number of digits.
func parseTime(text string) (time.Time, bool) {
	for _, layout := range layouts {
		if t, err := time.Parse(layout, text); err == nil {
			return t.UTC().Truncate(time.Microsecond), true
		}
	}
	whole, frac, _ := strings.Cut(text, ".")
	n, err := strconv.ParseInt(whole, 10, 64)
	if err != nil || n <= 0 {
		return time.Time{}, false
	}
	var t time.Time
	switch len(whole) {
	case 9, 10:
		part, _ := strconv.ParseInt((frac + "000000000")[:9], 10, 64) //nolint:errcheck // 0 where it is no number
		t = time.Unix(n, part)
	case 13:
		t = time.UnixMilli(n)
	case 16:
		t = time.UnixMicro(n)
	case 19:
		t = time.Unix(0, n)
	default:
		return time.Time{}, false
	}
	return t.UTC().Truncate(time.Microsecond), true
}
