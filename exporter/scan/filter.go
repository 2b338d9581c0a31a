package scan

import (
	"regexp"
	"time"

	"github.com/epicurve/epicurve/exporter/scan/objects"
)

// Filter says which objects to read, by what the listing tells. The zero value
// is all of them.
type Filter struct {
	Since, Until     time.Time // of the last change; Until is exclusive
	MinSize, MaxSize int64     // in bytes; 0 is no bound
	Include, Exclude *regexp.Regexp
}

// wants reports whether an object is to be read.
func (f *Filter) wants(o *objects.Object) bool {
	switch {
	case !f.Since.IsZero() && o.Modified.Before(f.Since),
		!f.Until.IsZero() && !o.Modified.Before(f.Until),
		o.Size < f.MinSize,
		f.MaxSize > 0 && o.Size > f.MaxSize,
		f.Include != nil && !f.Include.MatchString(o.URL),
		f.Exclude != nil && f.Exclude.MatchString(o.URL):
		return false
	}
	return true
}
