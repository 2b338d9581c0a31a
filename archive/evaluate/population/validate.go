package population

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/epicurve/epicurve/pkg/epi"
)

// censored begins the truth of an onset that the archive does not reach.
const censored = "before"

func (c ClusterTruth) validate() error {
	if _, err := ParseSelector(c.Cluster); err != nil {
		return err
	}
	if !slices.Contains(epi.Kinds(), epi.Kind(c.Verdict)) {
		return fmt.Errorf("verdict %q is not understood; possible are %q", c.Verdict, epi.Kinds())
	}
	for name, states := range map[string]Words{
		"state_at_archive_end": {c.StateAtEnd}, "state_before_relapse": {c.StateBeforeRelapse}, "must_never_be": c.MustNeverBe,
	} {
		for _, state := range states {
			if state != "" && !slices.Contains(epi.States(), epi.State(state)) {
				return fmt.Errorf("%s %q is not understood; possible are %q", name, state, epi.States())
			}
		}
	}
	pinned := c.Verdict == "all" || c.Verdict == "mostly" || c.Verdict == "partly"
	if pinned != (c.Dimension != "") || (c.Dimension != "") != (c.Value != "") {
		return fmt.Errorf("verdict %q goes with dimension %q and value %q?", c.Verdict, c.Dimension, c.Value)
	}
	if _, err := c.values(); err != nil {
		return err
	}
	for _, text := range c.ExplainedAway {
		if _, err := ParseSelector(text); err != nil {
			return fmt.Errorf("explained_away: %w", err)
		}
	}
	if _, _, err := c.onset(); err != nil {
		return err
	}
	if c.Grade != "" && c.grade() == "" {
		return fmt.Errorf("grade %q is not understood", c.Grade)
	}
	if c.StateBeforeRelapse != "" && c.RelapseTrue == nil {
		return errors.New("state_before_relapse without relapse_true")
	}
	return nil
}

// values splits "kernel+cpu_model" and "6.8+EPYC" into columns and values.
func (c ClusterTruth) values() ([]Condition, error) {
	if c.Dimension == "" {
		return nil, nil
	}
	dims, values := strings.Split(c.Dimension, "+"), strings.Split(c.Value, "+")
	if len(dims) != len(values) {
		return nil, fmt.Errorf("dimension %q and value %q do not pair up", c.Dimension, c.Value)
	}
	var conditions []Condition
	for i, d := range dims {
		condition := Condition{Column: d, Values: []string{values[i]}}
		if err := condition.validate(); err != nil {
			return nil, err
		}
		conditions = append(conditions, condition)
	}
	return conditions, nil
}

// onset reads the true onset: a time, or none because it is older.
func (c ClusterTruth) onset() (at time.Time, older bool, err error) {
	if c.OnsetTrue == "" || strings.HasPrefix(c.OnsetTrue, censored) {
		return at, c.OnsetTrue != "", nil
	}
	if at, err = time.Parse(time.RFC3339, c.OnsetTrue); err != nil {
		at, err = time.Parse(time.DateOnly, c.OnsetTrue)
	}
	if err != nil {
		return at, false, fmt.Errorf("onset_true %q is neither a time nor %q", c.OnsetTrue, censored+" the archive")
	}
	return at, false, nil
}

// grade reads "hint (5-9 episodes)".
func (c ClusterTruth) grade() epi.Grade {
	word, _, _ := strings.Cut(plain(c.Grade), " ")
	for _, g := range []epi.Grade{epi.GradeAnecdote, epi.GradeHint, epi.GradeProvisional, epi.GradeTrustworthy} {
		if word == string(g) {
			return g
		}
	}
	return ""
}

// splitVerdicts are the words a truth may use.
var splitVerdicts = map[string]epi.SplitVerdict{
	"two": epi.SplitTwo, "leaning two": epi.SplitLeaning, "one": epi.SplitOne,
	string(epi.SplitOne): epi.SplitOne, "insufficient": epi.SplitInsufficient,
	string(epi.SplitUndecidable): epi.SplitUndecidable,
}

func (s SplitTruth) validate() error {
	if _, err := ParseSelector(s.Symptom); err != nil {
		return err
	}
	if _, known := splitVerdicts[s.Verdict]; !known {
		return fmt.Errorf("verdict %q is not understood", s.Verdict)
	}
	if s.Split == "" || s.Split == "class" || s.Split == "signature" {
		return nil
	}
	_, err := ParseSelector(s.Split)
	return err
}
