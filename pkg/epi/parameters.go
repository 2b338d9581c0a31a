package epi

import "time"

// Parameters holds every default of the package (section 11 of the
// specification). Changing SilenceAlpha, MaxGapFactor, the tail indices,
// QuietArea, QuietMin, QuietMax or Grace voids the table of operating
// characteristics in docs/statistics.md: measure it again.
type Parameters struct {
	// EpisodeGap is the longest pause inside an episode.
	EpisodeGap time.Duration

	// A value is tested when it has at least MinSupport episodes and
	// MinShare of them; it is a candidate when p ≤ PCut after correction for
	// the values of its dimension, its lift is at least MinLift (against the
	// other crashes MinLiftRest), and it gains at least MinGain nats.
	MinSupport  int
	MinShare    float64
	PCut        float64
	MinLift     float64
	MinLiftRest float64
	MinGain     float64
	// RestMin is the least number of other crashes' episodes that make a
	// second reference; RestMargin widens their window, in days.
	RestMin    int
	RestMargin float64
	// TableFDR hides rows of a whole table whose q is larger.
	TableFDR float64

	// AllShare is the least share of ALL; ShareBound the least 95 % lower
	// bound of ALL and MOSTLY. AliasJaccard makes two values one.
	AllShare     float64
	ShareBound   float64
	AliasJaccard float64
	// CommonShare and CommonMin say which values "all of it" shares whatever
	// the verdict: share and number of episodes.
	CommonShare float64
	CommonMin   int
	// Confidence is the level of every interval.
	Confidence float64

	// VerdictMin is the least number of episodes for any verdict,
	// SoFarMin for SCATTERED SO FAR, TrustMin for SCATTERED and the grade
	// "trustworthy".
	VerdictMin, SoFarMin, TrustMin int

	// OnsetLogBF is the least ln Bayes factor of a change of rate,
	// LeftCensored the largest probability of being older than the archive
	// that still allows a date.
	OnsetLogBF   float64
	LeftCensored float64

	// A new cluster is one unseen for NewLookBack days that then reaches
	// NewPerDay episodes in 24 h or NewPerWeek in 7 d.
	NewLookBack           float64
	NewPerDay, NewPerWeek int

	// The CUSUM watches for a rate of SurgeRatio times the baseline, or
	// SurgeStep a day more. The baseline is the BaselineQuantile of the rate
	// of BaselineDays ending BaselineLag days ago, at least BaselineFloor.
	// FalseAlarms is the number accepted a month over all watched clusters.
	SurgeRatio, SurgeStep     float64
	BaselineDays, BaselineLag int
	BaselineQuantile          float64
	BaselineFloor             float64
	FalseAlarms               float64

	// SilenceAlpha is a cluster's whole budget of false GONE,
	// DisappearingAlpha that of DISAPPEARING; attempt j spends 1/(j(j+1)).
	SilenceAlpha, DisappearingAlpha float64
	// MinGaps is the least number of closed gaps. A scale k < MinGaps counts
	// when its gap is SeparatedBy times the next. The history is bursty when
	// one does, or when its longest gaps exceed BurstyFactor times the mean
	// that the median suggests.
	MinGaps      int
	SeparatedBy  float64
	BurstyFactor float64
	// The predictive tail falls with index SteadyIndex or BurstyIndex, and
	// silence must last SteadyGapFactor or BurstyGapFactor longest gaps.
	SteadyIndex, BurstyIndex         int
	SteadyGapFactor, BurstyGapFactor float64
	// At least clamp(QuietArea/span, QuietMin, QuietMax) days must be quiet.
	QuietArea, QuietMin, QuietMax float64
	// Grace is how many days after a mark its silence may begin.
	Grace float64
	// BlindExposure is the share of the earlier exposure below which nothing
	// is said.
	BlindExposure float64
	// PausedKnown is the known-rate probability at which silence is remarked.
	PausedKnown float64

	// RelapseP is the largest predictive p of a relapse of RelapseMin episodes.
	RelapseP   float64
	RelapseMin int

	// ReducedBelow bounds the rate ratio of REDUCED; looks are taken at
	// ReducedLooks days, look i at ReducedAlpha/(i(i+1)).
	ReducedBelow float64
	ReducedLooks []float64
	ReducedAlpha float64

	// TwoGain and LeaningGain are the nats for TWO and for leaning two;
	// PartMin the least episodes of a part; ScanBuckets the most buckets of
	// the temporal scan.
	TwoGain, LeaningGain float64
	PartMin              int
	ScanBuckets          int

	// A blind interval needs ControlMean expected other episodes and p ≤
	// ControlP.
	ControlMean, ControlP float64
	// LoopingRatio of rows to episodes earns the label "looping".
	LoopingRatio float64
}

// Defaults returns the measured defaults.
func Defaults() Parameters {
	return Parameters{
		EpisodeGap: time.Hour,

		MinSupport: 3, MinShare: 0.10, PCut: 0.001, MinLift: 3, MinLiftRest: 2, MinGain: 7,
		RestMin: 30, RestMargin: 7, TableFDR: 0.01,

		AllShare: 0.8, ShareBound: 0.5, AliasJaccard: 0.95, CommonShare: 0.95, CommonMin: 5,
		Confidence: 0.95,
		VerdictMin: 5, SoFarMin: 10, TrustMin: 30,

		OnsetLogBF: 3, LeftCensored: 0.05,

		NewLookBack: 90, NewPerDay: 3, NewPerWeek: 5,

		SurgeRatio: 2, SurgeStep: 0.5, BaselineDays: 56, BaselineLag: 7,
		BaselineQuantile: 0.8, BaselineFloor: 0.02, FalseAlarms: 1,

		SilenceAlpha: 0.005, DisappearingAlpha: 0.05,
		MinGaps: 5, SeparatedBy: 3, BurstyFactor: 3,
		SteadyIndex: 5, BurstyIndex: 3, SteadyGapFactor: 3, BurstyGapFactor: 4,
		QuietArea: 1260, QuietMin: 14, QuietMax: 90, Grace: 7,
		BlindExposure: 0.20, PausedKnown: 0.05,

		RelapseP: 0.005, RelapseMin: 2,

		ReducedBelow: 0.8, ReducedLooks: []float64{28, 56, 112}, ReducedAlpha: 0.01,

		TwoGain: 10, LeaningGain: 3, PartMin: 10, ScanBuckets: 400,

		ControlMean: 7, ControlP: 0.001, LoopingRatio: 3,
	}
}
