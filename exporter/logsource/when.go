package logsource

import (
	"regexp"
	"strconv"
	"strings"
	"time"
)

// Forms of a time at or near the beginning of a log line. Those without a zone
// are in the zone of this machine.
var (
	isoTime    = regexp.MustCompile(`\d{4}[-/]\d\d[-/]\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d{1,9})?(?:Z| ?[+-]\d\d:?\d\d)?`)
	syslogTime = regexp.MustCompile(`^(?:<\d+>)?([A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d)`)
	klogTime   = regexp.MustCompile(`^[IWEF](\d{4} \d\d:\d\d:\d\d(?:\.\d+)?)`)
	unixTime   = regexp.MustCompile(`^\[?(\d{10})(?:\.(\d{1,9}))?[\] ]`)
)

// timeWithin is where in a line a time is looked for: a line of JSON may name
// other fields first.
const timeWithin = 200

// lineTime reads when a line was written from its text. Times without a year are
// of the year that puts them nearest to near. ok is false when the line does not
// tell.
func lineTime(text string, near time.Time) (t time.Time, ok bool) {
	text = text[:min(len(text), timeWithin)]
	if m := isoTime.FindString(text); m != "" {
		return parseTime(m, near)
	}
	for _, re := range []*regexp.Regexp{syslogTime, klogTime} {
		if m := re.FindStringSubmatch(text); m != nil {
			return parseTime(m[1], near)
		}
	}
	if m := unixTime.FindStringSubmatch(text); m != nil {
		return parseTime(m[1]+"."+m[2]+"0", near)
	}
	return time.Time{}, false
}

// layouts of times in logs; with a year first.
var layouts = []string{
	"2006-01-02T15:04:05Z07:00", "2006-01-02T15:04:05Z0700", "2006-01-02T15:04:05 Z0700", "2006-01-02T15:04:05",
}

var yearless = []string{"Jan _2 15:04:05", "0102 15:04:05"}

// parseTime reads a time: seconds, milliseconds, microseconds or nanoseconds
// since the epoch, or one of the forms above.
func parseTime(s string, near time.Time) (time.Time, bool) {
	s = strings.TrimSpace(s)
	if t, ok := sinceEpoch(s); ok {
		return t, true
	}
	iso := strings.Replace(s, ",", ".", 1)
	if len(iso) > 10 && (iso[4] == '/' || iso[10] == ' ') {
		iso = strings.ReplaceAll(iso[:10], "/", "-") + "T" + iso[11:]
	}
	for _, layout := range layouts {
		if t, err := time.ParseInLocation(layout, iso, time.Local); err == nil && t.Year() >= 1970 {
			return t.UTC(), true
		}
	}
	for _, layout := range yearless {
		t, err := time.ParseInLocation(layout, s, time.Local)
		if err != nil {
			continue
		}
		best := t.AddDate(near.Year(), 0, 0)
		for _, year := range []int{near.Year() - 1, near.Year() + 1} {
			if other := t.AddDate(year, 0, 0); other.Sub(near).Abs() < best.Sub(near).Abs() {
				best = other
			}
		}
		return best.UTC(), true
	}
	return time.Time{}, false
}

// sinceEpoch reads a number by its number of digits before the point: 10 are
// seconds (2001 to 2286), 13, 16 and 19 the smaller units.
func sinceEpoch(s string) (time.Time, bool) {
	whole, fraction, _ := strings.Cut(s, ".")
	n, err := strconv.ParseInt(whole, 10, 64)
	if err != nil || n < 0 {
		return time.Time{}, false
	}
	switch len(whole) {
	case 9, 10:
		ns, err := strconv.ParseInt((fraction + "000000000")[:9], 10, 64)
		if err != nil {
			return time.Time{}, false
		}
		return time.Unix(n, ns).UTC(), true
	case 13:
		return time.UnixMilli(n).UTC(), true
	case 16:
		return time.UnixMicro(n).UTC(), true
	case 19:
		return time.Unix(0, n).UTC(), true
	}
	return time.Time{}, false
}
