package crash

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"time"
	"unicode/utf8"
)

// Runs is the exposure of AI workflows: how many runs of a kind there were in a
// slot of time, failed or not. It is to workflow failures what host-time is to
// crashes. Runs that say the same of the same slot are the same runs.
type Runs struct {
	// Start is the beginning of the slot, UTC; Length how long it is.
	Start  time.Time
	Length time.Duration
	Count  int64
	// Of holds values of RunDimensions; what is absent is not known.
	Of map[string]string
}

// RunDimensions are the dimensions by which runs are counted.
func RunDimensions() []string {
	return []string{
		"service.name", "service.version", "cloud.region", "gen_ai.provider.name", "gen_ai.request.model", "gen_ai.response.model",
		"gen_ai.agent.name", "workflow.path", "workflow.input_type", "workflow.routing_tier", "workflow.account_segment", "workflow.load",
	}
}

// Names of the attributes of runs, beside RunDimensions.
const (
	RunsStart  = "runs.start"
	RunsLength = "runs.length_seconds"
	RunsCount  = "runs.count"
)

// Validate checks that the runs can be stored.
func (r *Runs) Validate() error {
	switch {
	case r.Start.Before(minTime) || !r.Start.Before(maxTime):
		return fmt.Errorf("%w: %s %s is not between 1990 and 2200", ErrInvalid, RunsStart, r.Start.Format(time.RFC3339))
	case r.Length <= 0 || r.Length > 24*time.Hour:
		return fmt.Errorf("%w: %s %s is not within (0, 24h]", ErrInvalid, RunsLength, r.Length)
	case r.Count < 0:
		return fmt.Errorf("%w: %s %d is negative", ErrInvalid, RunsCount, r.Count)
	}
	for name, value := range r.Of {
		f, ok := FieldByName(name)
		switch {
		case !ok || !slices.Contains(RunDimensions(), name):
			return fmt.Errorf("%w: runs are not counted by %.60q; possible are %v", ErrInvalid, name, RunDimensions())
		case len(value) > f.Bound || !utf8.ValidString(value):
			return fmt.Errorf("%w: %s must be valid UTF-8 of at most %d bytes", ErrInvalid, name, f.Bound)
		}
	}
	return nil
}

// ID identifies a slot of one kind of runs: the same slot sent again, with
// whatever count, is the same.
func (r *Runs) ID() ID {
	h := NewHasher("runs")
	h.Add(RunsStart, []byte(FormatTime(r.Start)))
	h.Add(RunsLength, []byte(r.Length.String()))
	for _, name := range slices.Sorted(maps.Keys(r.Of)) {
		if r.Of[name] != "" {
			h.Add(name, []byte(r.Of[name]))
		}
	}
	return h.ID()
}

// Set sets one attribute from its text.
func (r *Runs) Set(name, value string) error {
	switch name = IngestName(name); name {
	case RunsStart, FieldTime:
		t, err := time.Parse(time.RFC3339Nano, value)
		if err != nil {
			return fmt.Errorf("%w: %s %.40q is not an RFC 3339 time, such as 2026-05-01T12:00:00Z", ErrInvalid, RunsStart, value)
		}
		r.Start = t.UTC().Truncate(time.Microsecond)
	case RunsLength:
		s, err := strconv.ParseFloat(value, 64)
		if err != nil || !(s > 0 && s <= 86400) {
			return fmt.Errorf("%w: %s %.40q is not a number of seconds within (0, 86400]", ErrInvalid, RunsLength, value)
		}
		r.Length = time.Duration(s * float64(time.Second))
	case RunsCount:
		n, err := strconv.ParseInt(value, 10, 64)
		if err != nil {
			return fmt.Errorf("%w: %s %.40q is not a whole number", ErrInvalid, RunsCount, value)
		}
		r.Count = n
	default:
		if value == "" {
			return nil
		}
		if r.Of == nil {
			r.Of = make(map[string]string)
		}
		r.Of[name] = value
	}
	return nil
}

// MarshalJSON writes one flat object.
func (r Runs) MarshalJSON() ([]byte, error) {
	m := map[string]any{RunsStart: FormatTime(r.Start), RunsLength: r.Length.Seconds(), RunsCount: r.Count}
	for name, value := range r.Of {
		m[name] = value
	}
	return json.Marshal(m)
}

// UnmarshalJSON reads what MarshalJSON writes, strictly.
func (r *Runs) UnmarshalJSON(data []byte) error {
	var m map[string]any
	if err := json.Unmarshal(data, &m); err != nil {
		return fmt.Errorf("runs: %w", err)
	}
	*r = Runs{}
	for name, v := range m {
		text, ok := v.(string)
		if n, number := v.(float64); number {
			text, ok = strconv.FormatFloat(n, 'f', -1, 64), true
		}
		if !ok {
			return fmt.Errorf("%w: %s is neither a text nor a number", ErrInvalid, name)
		}
		if err := r.Set(name, text); err != nil {
			return err
		}
	}
	return nil
}
