package query

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/epicurve/epicurve/pkg/crash"
)

const year = 365 * 24 * time.Hour

// ErrInvalid is wrapped by every error of [Request.Validate] and [Parse].
var ErrInvalid = errors.New("invalid query")

// FieldError names the field of a request that is wrong, what was given and
// what is possible.
type FieldError struct {
	Field   string `json:"field"`
	Message string `json:"message"`
}

// Error implements error.
func (e *FieldError) Error() string { return fmt.Sprintf("%s: %s", e.Field, e.Message) }

// Unwrap makes errors.Is(err, ErrInvalid) true.
func (e *FieldError) Unwrap() error { return ErrInvalid }

func invalid(field, format string, args ...any) error {
	return &FieldError{Field: field, Message: fmt.Sprintf(format, args...)}
}

// Normalize fills in defaults. It is idempotent and does not validate.
func (r *Request) Normalize() {
	if r.Type == "" {
		r.Type = TypeTimeseries
	}
	if r.Measure == "" {
		r.Measure = MeasureCrashes
	}
	if r.Suppressed == "" {
		r.Suppressed = SuppressedExclude
	}
	if r.Limit == 0 {
		r.Limit = DefaultLimit
	}
	if r.TopK == 0 {
		r.TopK = DefaultTopK
	}
	for i := range r.Filters {
		if r.Filters[i].Op == "" {
			r.Filters[i].Op = OpIn
		}
	}
	if len(r.GroupBy) == 0 {
		r.GroupBy = nil
	}
	if len(r.Filters) == 0 {
		r.Filters = nil
	}
	r.Range.From, r.Range.To = r.Range.From.UTC(), r.Range.To.UTC()
	if r.bucketed() && r.Interval == 0 && r.Range.To.After(r.Range.From) {
		r.Interval = Duration(NiceInterval(r.Range.To.Sub(r.Range.From), DefaultBuckets))
	}
}

// Validate reports the first thing that is wrong with a normalized request, as
// a *FieldError.
func (r *Request) Validate() error {
	if !slices.Contains(Types(), r.Type) {
		return invalid("type", "%.40q is not a query type; possible are %v", r.Type, Types())
	}
	if !slices.Contains(Measures(), r.Measure) {
		return invalid("measure", "%.40q is not a measure; possible are %v", r.Measure, Measures())
	}
	if !slices.Contains([]Suppressed{SuppressedExclude, SuppressedInclude, SuppressedOnly}, r.Suppressed) {
		return invalid("suppressed", "%.40q is not one of exclude, include, only", r.Suppressed)
	}
	if !r.Range.To.After(r.Range.From) {
		return invalid("range", "from %s is not before to %s", r.Range.From.Format(time.RFC3339), r.Range.To.Format(time.RFC3339))
	}
	if span := r.Range.To.Sub(r.Range.From); span > MaxRange {
		return invalid("range", "%d years are longer than the %d that a query may cover", span/year, MaxRange/year)
	}
	if err := r.validateGrouping(); err != nil {
		return err
	}
	if len(r.Filters) > MaxFilters {
		return invalid("filters", "%d filters, at most %d are allowed", len(r.Filters), MaxFilters)
	}
	for i, f := range r.Filters {
		if err := f.validate(fmt.Sprintf("filters[%d]", i)); err != nil {
			return err
		}
	}
	if r.Limit < 1 || r.Limit > MaxLimit {
		return invalid("limit", "%d is not within 1 to %d", r.Limit, MaxLimit)
	}
	if r.TopK < 1 || r.TopK > MaxLimit {
		return invalid("topK", "%d is not within 1 to %d", r.TopK, MaxLimit)
	}
	if r.Cluster != "" {
		if _, _, err := ParseCluster(r.Cluster); err != nil {
			return err
		}
	}
	switch r.Type {
	case TypeContrast, TypeVerdict, TypeSplit:
		if r.Cluster == "" {
			return invalid("cluster", "a %s query needs the key of a cluster, such as %q", r.Type, "return_to_null/return_to_null in leafd")
		}
	}
	return r.validateBuckets()
}

func (r *Request) validateGrouping() error {
	if len(r.GroupBy) > MaxGroupBy {
		return invalid("groupBy", "%d dimensions, at most %d are allowed", len(r.GroupBy), MaxGroupBy)
	}
	for i, name := range r.GroupBy {
		field := fmt.Sprintf("groupBy[%d]", i)
		if err := checkDimension(field, name); err != nil {
			return err
		}
		if slices.Contains(r.GroupBy[:i], name) {
			return invalid(field, "%s is given twice", name)
		}
	}
	return nil
}

// bucketed reports whether the answer is a time series.
func (r *Request) bucketed() bool { return r.Type == TypeTimeseries || r.Type == TypeExposure }

func (r *Request) validateBuckets() error {
	if r.TimeZone != "" {
		if _, err := time.LoadLocation(r.TimeZone); err != nil {
			return invalid("timeZone", "%.60q is not a known IANA time zone", r.TimeZone)
		}
	}
	if !r.bucketed() {
		return nil
	}
	d := time.Duration(r.Interval)
	if d < MinInterval {
		return invalid("interval", "%s is shorter than %s", d, MinInterval)
	}
	if n := r.Range.To.Sub(r.Range.From) / d; n > MaxBuckets {
		return invalid("interval", "%s makes %d buckets of this range, at most %d are allowed", d, n, MaxBuckets)
	}
	if n := int64(r.Range.To.Sub(r.Range.From)/d) + 1; len(r.GroupBy) > 0 && n*int64(r.TopK+1) > MaxCells {
		return invalid("topK", "%d series of %d buckets are more than the %d values that an answer may have; widen the interval or lower topK", r.TopK, n, MaxCells)
	}
	return nil
}

func (f *Filter) validate(field string) error {
	if err := checkDimension(field+".dimension", f.Dimension); err != nil {
		return err
	}
	if len(f.Values) > MaxValues {
		return invalid(field+".values", "%d values, at most %d are allowed", len(f.Values), MaxValues)
	}
	switch f.Op {
	case OpIn, OpNotIn:
		if len(f.Values) == 0 {
			return invalid(field+".values", "is empty; give at least one value (\"\" means not known)")
		}
	case OpMatch, OpNotMatch:
		if len(f.Values) != 1 {
			return invalid(field+".values", "%s takes exactly one expression, got %d", f.Op, len(f.Values))
		}
		if _, err := CompileMatch(f.Values[0]); err != nil {
			return invalid(field+".values[0]", "%v", err)
		}
	default:
		return invalid(field+".op", "%.10q is not one of = != =~ !~", f.Op)
	}
	return nil
}

// CompileMatch compiles the expression of a "=~" filter, anchored at both ends.
func CompileMatch(expr string) (*regexp.Regexp, error) {
	if len(expr) > 4096 {
		return nil, fmt.Errorf("expression of %d bytes is too long, at most 4096 are allowed", len(expr))
	}
	// Compiled alone first, so that "a)|(b" can't close the anchors' group.
	if _, err := regexp.Compile(expr); err != nil {
		return nil, err
	}
	return regexp.Compile("^(?s:" + expr + ")$")
}

func checkDimension(field, name string) error {
	if _, ok := crash.DimensionByName(name); ok {
		return nil
	}
	var near []string
	for _, d := range crash.Dimensions() {
		if name != "" && strings.Contains(d.Name, name) {
			near = append(near, d.Name)
		}
	}
	if len(near) > 0 {
		return invalid(field, "%.60q is not a dimension; did you mean %s?", name, strings.Join(near, ", "))
	}
	return invalid(field, "%.60q is not a dimension; /api/v1/dimensions lists them", name)
}

// ParseCluster splits a cluster's key "class/signature"; a class alone has an
// empty signature.
func ParseCluster(key string) (crash.Class, string, error) {
	class, signature, _ := strings.Cut(key, "/")
	if c := crash.Class(class); c.Known() {
		return c, signature, nil
	}
	return "", "", invalid("cluster", "%.60q does not begin with a class and a slash; classes are %v, and %s", key, crash.Classes(), crash.ClassWorkflow)
}

// NiceInterval returns the smallest customary bucket width that cuts span into
// at most n buckets.
func NiceInterval(span time.Duration, n int) time.Duration {
	const day = 24 * time.Hour
	for _, d := range []time.Duration{
		time.Second, 5 * time.Second, 10 * time.Second, 30 * time.Second,
		time.Minute, 5 * time.Minute, 10 * time.Minute, 30 * time.Minute,
		time.Hour, 3 * time.Hour, 6 * time.Hour, 12 * time.Hour,
		day, 7 * day, 28 * day,
	} {
		if span/d < time.Duration(n) {
			return d
		}
	}
	return 91 * day
}
