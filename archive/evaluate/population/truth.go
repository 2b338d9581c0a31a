package population

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"
)

// Truth is what is known about a population.
type Truth struct {
	Seed     int64          `json:"seed"`
	HostN    int            `json:"hosts"`
	RegionN  int            `json:"regions"`
	Counts   map[string]int `json:"counts"`
	BusyHost *struct {
		Host    string  `json:"host"`
		Traffic float64 `json:"traffic_weight"`
		Share   float64 `json:"share"`
	} `json:"busy_host"`
	Clusters []ClusterTruth `json:"clusters"`
	OneOrTwo []SplitTruth   `json:"one_or_two"`
	Outages  []struct {
		Region string    `json:"region"`
		From   time.Time `json:"from"`
		To     time.Time `json:"to"`
	} `json:"outages"`
	Rows    int          `json:"rows"`
	Archive [2]time.Time `json:"archive"`
	Prose
}

// Prose is what a truth says to its reader, in any form; nothing follows from it.
type Prose struct {
	Note        json.RawMessage `json:"note,omitempty"`
	Notes       json.RawMessage `json:"notes,omitempty"`
	Comment     json.RawMessage `json:"comment,omitempty"`
	Comments    json.RawMessage `json:"comments,omitempty"`
	Description json.RawMessage `json:"description,omitempty"`
	Name        json.RawMessage `json:"name,omitempty"`
	Title       json.RawMessage `json:"title,omitempty"`
	Source      json.RawMessage `json:"source,omitempty"`
	Generator   json.RawMessage `json:"generator,omitempty"`
	Version     json.RawMessage `json:"version,omitempty"`
	Why         json.RawMessage `json:"why,omitempty"`
	Reason      json.RawMessage `json:"reason,omitempty"`
}

// Words are one word or several: "gone", "gone, disappearing" or a list.
type Words []string

// UnmarshalJSON reads a text, with commas between words, or a list of texts.
func (w *Words) UnmarshalJSON(raw []byte) error {
	var list []string
	if err := json.Unmarshal(raw, &list); err != nil {
		var text string
		if err := json.Unmarshal(raw, &text); err != nil {
			return fmt.Errorf("%.40q is neither a text nor a list of texts", raw)
		}
		list = strings.Split(text, ",")
	}
	*w = nil
	for _, word := range list {
		if word = plain(word); word != "" {
			*w = append(*w, word)
		}
	}
	return nil
}

// plain is a word as the evaluation spells it.
func plain(word string) string { return strings.ToLower(strings.TrimSpace(word)) }

// ClusterTruth is what is known about one cluster.
type ClusterTruth struct {
	Cluster   string `json:"cluster"` // "class=other", "signature=a and class=b"
	Verdict   string `json:"verdict"`
	Dimension string `json:"dimension"` // "host", "kernel+cpu_model"
	Value     string `json:"value"`

	ExplainedAway []string `json:"explained_away"`
	Aliases       []string `json:"aliases"`
	Grade         string   `json:"grade"`
	RowN          *int     `json:"rows"`

	OnsetTrue string     `json:"onset_true"` // a time, or "before the archive …"
	FirstRow  *time.Time `json:"first_row"`
	LastRow   *time.Time `json:"last_row"`

	FixMark    *time.Time           `json:"fix_mark"`
	FixBuild   string               `json:"fix_build"`
	FixRollout map[string]time.Time `json:"fix_rollout"`
	RemovedAt  *time.Time           `json:"removed_at"`
	EndedWith  string               `json:"ended_with"` // for the reader
	Pause      *[2]time.Time        `json:"pause"`

	StateAtEnd         string     `json:"state_at_archive_end"`
	StateBeforeRelapse string     `json:"state_before_relapse"`
	RelapseTrue        *time.Time `json:"relapse_true"`
	MustNeverBe        Words      `json:"must_never_be"`
	RateRatioTrue      *float64   `json:"rate_ratio_true"`
	RatePerDay         *float64   `json:"rate_per_day"`

	SignatureN          *int     `json:"signatures"`
	CrashLoopSignatures []string `json:"crash_loop_signatures"`

	Decoy string `json:"decoy"` // for the reader; see busy_host
	Truth string `json:"truth"` // for the reader
	Prose
}

// SplitTruth says whether a symptom is one disease or two.
type SplitTruth struct {
	Symptom string `json:"symptom"` // "class in (a, b)"
	Split   string `json:"split"`   // "class", "signature", "host=h151"
	Verdict string `json:"verdict"`
	Prose
}

// ParseTruth reads a truth file. A field it does not know is an error.
func ParseTruth(raw []byte) (Truth, error) {
	var t Truth
	d := json.NewDecoder(bytes.NewReader(raw))
	d.DisallowUnknownFields()
	if err := d.Decode(&t); err != nil {
		return t, err
	}
	if !t.Archive[1].After(t.Archive[0]) {
		return t, errors.New("archive: want two ascending times")
	}
	if len(t.Clusters) == 0 && len(t.OneOrTwo) == 0 {
		return t, errors.New("holds neither clusters nor one_or_two: nothing to check")
	}
	for i := range t.Clusters {
		c := &t.Clusters[i]
		c.Verdict, c.StateAtEnd, c.StateBeforeRelapse = plain(c.Verdict), plain(c.StateAtEnd), plain(c.StateBeforeRelapse)
		if err := c.validate(); err != nil {
			return t, fmt.Errorf("clusters[%d] %q: %w", i, c.Cluster, err)
		}
	}
	for i := range t.OneOrTwo {
		s := &t.OneOrTwo[i]
		s.Verdict = plain(s.Verdict)
		if err := s.validate(); err != nil {
			return t, fmt.Errorf("one_or_two[%d]: %w", i, err)
		}
	}
	return t, nil
}
