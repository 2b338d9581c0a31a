package epi

import "time"

// Assessment is the whole answer about one cluster: what it shares, when it
// began, whether it is gone. It prints as one sentence.
type Assessment struct {
	Cluster  string    `json:"cluster,omitempty"`
	At       time.Time `json:"at"` // the instant of the question
	Rows     int       `json:"rows"`
	Episodes int       `json:"episodes"`
	Hosts    int       `json:"hosts"`
	// Looping is true when there are many more rows than episodes.
	Looping   bool      `json:"looping,omitempty"`
	FirstSeen time.Time `json:"firstSeen,omitzero"`
	LastSeen  time.Time `json:"lastSeen,omitzero"`

	Grade Grade `json:"grade"`
	State State `json:"state"`
	// Since is when the state was reached, where that is one moment.
	Since time.Time `json:"since,omitzero"`

	Verdict   Verdict    `json:"verdict"`
	Onset     *Onset     `json:"onset,omitempty"`
	Silence   *Silence   `json:"silence,omitempty"`
	Reduction *Reduction `json:"reduction,omitempty"`
	Relapse   *Relapse   `json:"relapse,omitempty"`
	Surge     *Surge     `json:"surge,omitempty"`
	New       NewCluster `json:"new"`
	Uptime    *Uptime    `json:"uptime,omitempty"`
	Split     *Split     `json:"split,omitempty"`
	// Quality says what the data behind the answer can't show.
	Quality Quality `json:"quality"`

	// Sentence is one sentence or two for a ticket: state, verdict, onset.
	Sentence string `json:"sentence"`
	// WouldChange lists what would change the answer.
	WouldChange []string `json:"wouldChange,omitempty"`
	// Notes are for the reader: missing exposure, blind intervals.
	Notes []string `json:"notes,omitempty"`
}

// String returns the sentence.
func (a Assessment) String() string { return a.Sentence }

// Grade says how far a verdict can be trusted, from the number of episodes.
type Grade string

// The grades.
const (
	GradeAnecdote    Grade = "anecdote"    // fewer than 5 episodes: no verdict
	GradeHint        Grade = "hint"        // 5 to 9
	GradeProvisional Grade = "provisional" // 10 to 29
	GradeTrustworthy Grade = "trustworthy" // 30 or more
)

// Grade returns the trust grade of n episodes.
func (p Parameters) Grade(n int) Grade {
	switch {
	case n < p.VerdictMin:
		return GradeAnecdote
	case n < p.SoFarMin:
		return GradeHint
	case n < p.TrustMin:
		return GradeProvisional
	default:
		return GradeTrustworthy
	}
}

// State is what became of a cluster.
type State string

// The states, in the order in which they are tried.
const (
	StateBlind        State = "blind"        // the feed is dead: no statement
	StateRelapsed     State = "relapsed"     // back after it was gone
	StateRelapseMaybe State = "relapse?"     // one episode after it was gone
	StateInsufficient State = "insufficient" // fewer than 6 episodes
	StateGone         State = "gone"
	StateDisappearing State = "disappearing"
	StateReduced      State = "reduced"
	StateNotFixed     State = "not fixed"
	StatePaused       State = "paused?" // silent, but it has been silent before
	StateQuiet        State = "quiet"   // silent, and nobody marked a fix
	StateActive       State = "active"
)

// States returns the closed set, in the order in which they are tried.
func States() []State {
	return []State{
		StateBlind, StateRelapsed, StateRelapseMaybe, StateInsufficient, StateGone, StateDisappearing,
		StateReduced, StateNotFixed, StatePaused, StateQuiet, StateActive,
	}
}

// Silence is the evidence of a running silence.
type Silence struct {
	// Since is the clock's start: the mark, or the last row after it.
	Since time.Time `json:"since"`
	// QuietDays is the silence since then and RunDays the silence that had
	// passed before, both in days of operational time.
	QuietDays float64 `json:"quietDays"`
	RunDays   float64 `json:"runDays"`
	// WallDays is the same silence by the calendar.
	WallDays float64 `json:"wallDays"`
	// LongestGap is the longest closed gap before, in operational days.
	LongestGap float64 `json:"longestGap"`
	Gaps       int     `json:"gaps"`
	Bursty     bool    `json:"bursty"`
	// Rate is the rate before, in episodes a day.
	Rate float64 `json:"rate"`
	// PKnown is the chance of the silence at exactly that rate, PWorst at the
	// least favourable scale of the cluster's own history.
	PKnown float64 `json:"pKnown"`
	PWorst float64 `json:"pWorst"`
	// Attempt is j, and Alpha what this attempt may spend.
	Attempt int     `json:"attempt"`
	Alpha   float64 `json:"alpha"`
	// NeedDays is the quiet time that allows the verdict GONE, "Inf" when
	// the history is too short; NeedUntil is the date if it stays silent.
	NeedDays  Real      `json:"needDays"`
	NeedUntil time.Time `json:"needUntil,omitzero"`
	// Counts is false when this silence can't count for a fix: there is no
	// mark, or the silence began after the grace.
	Counts bool `json:"counts"`
	// RateUpper bounds the remaining rate at 95 %, episodes a day; "Inf"
	// before the clock has run.
	RateUpper Real `json:"rateUpper"`
	// Stragglers are rows of values without the fix; UnfixedShare is the
	// exposure that still lacks it.
	Stragglers   int          `json:"stragglers,omitempty"`
	UnfixedShare float64      `json:"unfixedShare,omitempty"`
	Curve        []CurvePoint `json:"curve,omitempty"`
}

// CurvePoint is one day of the curve of silence.
type CurvePoint struct {
	At     time.Time `json:"at"`
	PWorst float64   `json:"pWorst"`
	PKnown float64   `json:"pKnown"`
	// Expected is true for days that have not come yet.
	Expected bool `json:"expected,omitempty"`
}

// Reduction compares the rate after a mark with the rate before.
type Reduction struct {
	Reduced bool `json:"reduced"`
	// Look is the day of the look that decided, 0 before the first.
	Look float64 `json:"look"`
	// Ratio is after/before with its interval; Real because nothing may have
	// been seen before.
	Ratio        Real    `json:"ratio"`
	Lower        Real    `json:"lower"`
	Upper        Real    `json:"upper"`
	Level        float64 `json:"level"` // of the interval
	Phi          float64 `json:"phi"`   // dispersion of the counts before
	Before       int     `json:"before"`
	After        int     `json:"after"`
	BeforeDays   float64 `json:"beforeDays"`
	AfterDays    float64 `json:"afterDays"`
	EmptyQuarter bool    `json:"emptyQuarter,omitempty"` // a pause, not a reduction
}

// Relapse is the evidence that a cluster came back.
type Relapse struct {
	GoneSince time.Time `json:"goneSince"`
	QuietDays float64   `json:"quietDays"`
	First     time.Time `json:"first"`
	Episodes  int       `json:"episodes"`
	Days      float64   `json:"days"` // from the first episode to the one that decided
	P         float64   `json:"p"`    // of so many in so short a time, given the silence
	// Same compares the profile with the one before the silence.
	Same *Split `json:"same,omitempty"`
}

// Surge is the state of the cluster's CUSUM.
type Surge struct {
	Score    float64   `json:"score"`
	Limit    float64   `json:"limit"`
	Baseline float64   `json:"baseline"` // upper 80 % of the rate, episodes a day
	Phi      float64   `json:"phi"`
	ARLDays  Real      `json:"arlDays"`
	Alarm    bool      `json:"alarm"`
	Since    time.Time `json:"since,omitzero"` // first day of the rise
}

// NewCluster says whether the cluster is newly born.
type NewCluster struct {
	Alert bool      `json:"alert"`
	Since time.Time `json:"since,omitzero"` // when the alert's threshold was reached
}
