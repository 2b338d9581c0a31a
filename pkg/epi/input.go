package epi

import (
	"errors"
	"fmt"
	"math"
)

// ErrInvalid is wrapped by every error about an input that contradicts itself.
var ErrInvalid = errors.New("invalid epidemiology input")

// Role says what a dimension is to the statistics.
type Role uint8

// The roles. Every role but RoleAttribute belongs to at most one dimension.
const (
	RoleAttribute    Role = iota // a property that many hosts share: region, kernel, CPU model
	RolePhysicalHost             // the machine under a virtual machine
	RoleHost                     // the machine, as the operating system names it
	RoleService                  // what crashed; part of the key of an episode
	RoleBuild                    // the version of what crashed
	RoleRegion                   // a part of the fleet whose feed can go dead by itself
)

// identity reports whether each value of the role is one suspect machine.
func (r Role) identity() bool { return r == RoleHost || r == RolePhysicalHost }

// Dimension is one property by which crashes are compared. Crashes and exposure
// share its dictionary: a code is an index into Values. The value "" or
// "unknown" is a value of its own, flagged as missing data when it wins.
type Dimension struct {
	Name   string // "cloud.region"
	Noun   string // what a sentence calls it, "region"; "" is Name
	Role   Role
	Values []string
}

func (d Dimension) noun() string {
	if d.Noun != "" {
		return d.Noun
	}
	return d.Name
}

// Column is a column of texts: a code is an index into Values.
type Column struct {
	Values []string
	Codes  []int32
}

// Crashes are the rows of the archive as parallel columns, in any order.
type Crashes struct {
	Time      []float64 // days, see DayOf
	Class     Column
	Signature Column
	Codes     [][]int32 // Codes[d][row] is the value of dimension d
	// HostUptime is the uptime of the host at the crash in days, NaN where
	// unknown; nil when nothing is known.
	HostUptime []float64
	// OneDisease are the classes that are one disease whatever the signature,
	// because it names what was hit and not what hit.
	OneDisease []int32
	// Repeat marks rows that tell of a crash that another row tells of, see
	// Duplicates: they are counted, and nothing else looks at them. nil is none.
	Repeat []bool
	// Core says how each row is known, for the share of crashes that leave a
	// core; nil when no other source than cores is read.
	Core []Witness
	// Program is what ran, as cores and logs both name it; codes of any
	// numbering. nil is one program.
	Program []int32
}

// Witness says how a crash is known.
type Witness uint8

// The witnesses.
const (
	WitnessOther Witness = iota // not of a sort that both cores and the log tell of
	WitnessCore                 // a core was read
	WitnessLog                  // only a log told of it
)

// Exposure is the fleet at risk as parallel columns: an entry for each host,
// day and combination of values, in any order. Without exposure there is no
// rate, no calendar matching, and the clock is the wall's.
type Exposure struct {
	Day    []int32   // days since the Unix epoch
	Weight []float64 // host-days actually covered (0 to 1), or traffic
	Codes  [][]int32
	// HostUptime is the host's uptime on that day, as in Crashes.
	HostUptime []float64
}

// Factor is one value of one dimension, as codes.
type Factor struct {
	Dimension int
	Value     int32
}

// Predicate selects what has all of its factors; without factors, everything.
type Predicate []Factor

// Outage is an interval in which the feed of a scope was dead, or saw only a
// part of the crashes. A scope without factors is the whole fleet.
type Outage struct {
	Scope    Predicate
	From, To float64
	// Seen is the share of crashes that were seen all the same, relative to
	// the rest of the time; 0 is a dead feed.
	Seen float64
}

// Limit is a host that was at its limit for a part of a day.
type Limit struct {
	Day  int32   // days since the Unix epoch
	Host int32   // value of the dimension with RoleHost
	Days float64 // host-days at the limit
}

// Event is a change worth listing when it falls into an onset interval.
type Event struct {
	At   float64
	What string // "build r2026.07 reached eastus"
}

// Input is everything a Population is built from.
type Input struct {
	// From is the first instant at which the feed was complete, not the
	// first row; To is the end of what is known.
	From, To   float64
	Dimensions []Dimension
	Crashes    Crashes
	Exposure   *Exposure
	Outages    []Outage
	// Late is how many days after the crash a late row comes, see Horizon:
	// silence is judged up to now less it.
	Late float64
	// Limits are the hosts and days that were at the limit of what is counted
	// at once.
	Limits []Limit
	// Events are change events beside the first appearance of each build and
	// kernel, which are found in the exposure.
	Events []Event
	// Unit is what sentences call exposure, each unit of which is one at risk,
	// such as runs; "" is host-days of hosts that are exposed on many days.
	Unit string
	// Parameters are the defaults when nil.
	Parameters *Parameters
}

// maxWindow bounds the days of a window, and of exposure before it.
const maxWindow = 100 * 366

// validate checks that the columns fit together.
func (in Input) validate() error {
	if !(in.To > in.From) || !(in.To-in.From <= maxWindow) || math.Abs(in.To) > math.MaxInt32/2 {
		return fmt.Errorf("%w: window from %v to %v is empty or too long", ErrInvalid, in.From, in.To)
	}
	if err := in.validateRoles(); err != nil {
		return err
	}
	rows := len(in.Crashes.Time)
	if rows > math.MaxInt32 {
		return fmt.Errorf("%w: %d rows, at most %d are possible", ErrInvalid, rows, math.MaxInt32)
	}
	for row, t := range in.Crashes.Time {
		if math.IsNaN(t) || math.IsInf(t, 0) {
			return fmt.Errorf("%w: time of row %d is %v", ErrInvalid, row, t)
		}
	}
	for name, c := range map[string]Column{"class": in.Crashes.Class, "signature": in.Crashes.Signature} {
		if err := checkCodes(name, c.Codes, rows, len(c.Values)); err != nil {
			return err
		}
	}
	if err := in.checkColumns("crashes", in.Crashes.Codes, rows); err != nil {
		return err
	}
	if up := in.Crashes.HostUptime; up != nil && len(up) != rows {
		return fmt.Errorf("%w: %d host uptimes for %d crashes", ErrInvalid, len(up), rows)
	}
	if err := in.validateQuality(rows); err != nil {
		return err
	}
	if err := in.validateExposure(); err != nil {
		return err
	}
	for i, o := range in.Outages {
		if err := in.checkPredicate(fmt.Sprintf("outage %d", i), o.Scope); err != nil {
			return err
		}
		if !(o.Seen >= 0) || math.IsInf(o.Seen, 0) || math.IsNaN(o.From) || math.IsNaN(o.To) {
			return fmt.Errorf("%w: outage %d from %v to %v saw %v of the crashes", ErrInvalid, i, o.From, o.To, o.Seen)
		}
	}
	return nil
}

func (in Input) validateRoles() error {
	seen := map[Role]string{}
	for _, d := range in.Dimensions {
		if d.Role == RoleAttribute {
			continue
		}
		if other, twice := seen[d.Role]; twice {
			return fmt.Errorf("%w: dimensions %q and %q have the same role", ErrInvalid, other, d.Name)
		}
		seen[d.Role] = d.Name
	}
	return nil
}

func (in Input) validateExposure() error {
	e := in.Exposure
	if e == nil {
		return nil
	}
	n := len(e.Day)
	if len(e.Weight) != n {
		return fmt.Errorf("%w: exposure has %d days and %d weights", ErrInvalid, n, len(e.Weight))
	}
	if e.HostUptime != nil && len(e.HostUptime) != n {
		return fmt.Errorf("%w: exposure has %d days and %d host uptimes", ErrInvalid, n, len(e.HostUptime))
	}
	first, last := math.Floor(in.From)-maxWindow, math.Ceil(in.To)
	for i, d := range e.Day {
		if float64(d) < first || float64(d) > last {
			return fmt.Errorf("%w: exposure entry %d is on day %d, outside the window from %v to %v", ErrInvalid, i, d, in.From, in.To)
		}
	}
	for i, w := range e.Weight {
		if !(w >= 0) || math.IsInf(w, 0) {
			return fmt.Errorf("%w: exposure entry %d has weight %v", ErrInvalid, i, w)
		}
	}
	return in.checkColumns("exposure", e.Codes, n)
}

func (in Input) checkColumns(what string, columns [][]int32, rows int) error {
	if len(columns) != len(in.Dimensions) {
		return fmt.Errorf("%w: %s have %d columns for %d dimensions", ErrInvalid, what, len(columns), len(in.Dimensions))
	}
	for d, codes := range columns {
		if err := checkCodes(what+" "+in.Dimensions[d].Name, codes, rows, len(in.Dimensions[d].Values)); err != nil {
			return err
		}
	}
	return nil
}

func checkCodes(what string, codes []int32, rows, values int) error {
	if len(codes) != rows {
		return fmt.Errorf("%w: %s has %d codes for %d rows", ErrInvalid, what, len(codes), rows)
	}
	for i, c := range codes {
		if c < 0 || int(c) >= values {
			return fmt.Errorf("%w: %s has code %d in row %d, there are %d values", ErrInvalid, what, c, i, values)
		}
	}
	return nil
}

func (in Input) checkPredicate(what string, p Predicate) error {
	for _, f := range p {
		if f.Dimension < 0 || f.Dimension >= len(in.Dimensions) {
			return fmt.Errorf("%w: %s names dimension %d of %d", ErrInvalid, what, f.Dimension, len(in.Dimensions))
		}
		if f.Value < 0 || int(f.Value) >= len(in.Dimensions[f.Dimension].Values) {
			return fmt.Errorf("%w: %s names value %d of %s, which has %d", ErrInvalid, what, f.Value, in.Dimensions[f.Dimension].Name, len(in.Dimensions[f.Dimension].Values))
		}
	}
	return nil
}
