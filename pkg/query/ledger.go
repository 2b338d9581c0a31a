package query

import (
	"time"
	"unicode/utf8"

	"github.com/epicurve/epicurve/pkg/crash"
)

// LedgerAction says what an event of the ledger does.
type LedgerAction string

// The actions. Every one can be undone by an ActionUndo that names its event.
const (
	ActionLabel LedgerAction = "label" // a reviewer's name for the cluster
	ActionCause LedgerAction = "cause" // suspected cause and mitigation
	ActionNote  LedgerAction = "note"  // anything worth keeping
	ActionFix   LedgerAction = "fix"   // a dated fix, or the removal of a host or build
	ActionMerge LedgerAction = "merge" // the cluster is the same disease as Into
	ActionUndo  LedgerAction = "undo"  // takes back the event Revokes

	// ActionSplit moves the crashes of a cluster that Parting selects to the
	// cluster Into.
	ActionSplit LedgerAction = "split"
	// ActionDeploy says that a build was deployed; it belongs to no cluster,
	// and dates the fixes that wait for the build.
	ActionDeploy LedgerAction = "deploy"
	// ActionCategory adds or changes a category of workflow failures; its
	// cluster is the class "workflow".
	ActionCategory LedgerAction = "category"
	// ActionReopen says that a cluster relapsed. The archive writes it by
	// itself, once for each relapse.
	ActionReopen LedgerAction = "reopen"
)

// LedgerActions returns the closed set.
func LedgerActions() []LedgerAction {
	return []LedgerAction{
		ActionLabel, ActionCause, ActionNote, ActionFix, ActionMerge, ActionUndo,
		ActionSplit, ActionDeploy, ActionCategory, ActionReopen,
	}
}

// LedgerEvent is one append-only entry of the ledger: who said what about a
// cluster, and when. Ids make resending harmless.
type LedgerEvent struct {
	ID      crash.ID     `json:"id"`
	Time    time.Time    `json:"time"` // when it was recorded, UTC
	Actor   string       `json:"actor"`
	Cluster string       `json:"cluster"`
	Action  LedgerAction `json:"action"`
	Text    string       `json:"text,omitempty"`
	Fix     *Fix         `json:"fix,omitempty"`
	Into    string       `json:"into,omitempty"`
	Revokes crash.ID     `json:"revokes,omitzero"`

	Parting  *Parting    `json:"parting,omitempty"`
	Deploy   *Deployment `json:"deploy,omitempty"`
	Category *Category   `json:"category,omitempty"`
	// Via is the token or webhook by which the event came; the archive sets it.
	Via string `json:"via,omitempty"`
}

// Fix is a dated, described action against a cluster.
type Fix struct {
	// At is when the fix was fully rolled out, UTC. It may be zero when Builds
	// is not empty: the fix then waits until one of them is deployed.
	At time.Time `json:"at,omitzero"`
	// Removal tells that what the cluster sat on was taken out (a host, a
	// build) rather than repaired.
	Removal bool `json:"removal,omitempty"`
	// Dimension and Value say where, such as host.name and "db-7"; both
	// empty for the whole fleet.
	Dimension string `json:"dimension,omitempty"`
	Value     string `json:"value,omitempty"`
	// Builds are the service versions that carry the fix; crashes of other
	// versions after At are stragglers, not failures of the fix.
	Builds []string `json:"builds,omitempty"`
}

// Bounds of a ledger event, in bytes and items.
const (
	MaxLedgerText   = 4096
	MaxLedgerActor  = 256
	MaxFixBuilds    = 100
	MaxClusterKey   = 600
	maxBuildVersion = 256
)

// Validate reports the first thing that is wrong with an event, as a *FieldError.
func (e *LedgerEvent) Validate() error {
	if e.ID.IsZero() {
		return invalid("id", "is missing")
	}
	if e.Time.IsZero() {
		return invalid("time", "is missing")
	}
	if e.Actor == "" || len(e.Actor) > MaxLedgerActor || !utf8.ValidString(e.Actor) {
		return invalid("actor", "must be valid UTF-8 of 1 to %d bytes", MaxLedgerActor)
	}
	if len(e.Cluster) > MaxClusterKey {
		return invalid("cluster", "has %d bytes, at most %d are allowed", len(e.Cluster), MaxClusterKey)
	}
	if _, _, err := ParseCluster(e.Cluster); err != nil && (e.Action != ActionDeploy || e.Cluster != "") {
		return err
	}
	if len(e.Text) > MaxLedgerText || !utf8.ValidString(e.Text) {
		return invalid("text", "must be valid UTF-8 of at most %d bytes", MaxLedgerText)
	}
	return e.validateAction()
}

func (e *LedgerEvent) validateAction() error {
	if err := e.validateParts(); err != nil {
		return err
	}
	switch e.Action {
	case ActionLabel, ActionCause, ActionNote, ActionReopen:
		if e.Text == "" {
			return invalid("text", "is empty; a %s needs one", e.Action)
		}
	case ActionFix:
		if e.Fix == nil {
			return invalid("fix", "is missing")
		}
		return e.Fix.validate()
	case ActionMerge:
		if _, _, err := ParseCluster(e.Into); err != nil || len(e.Into) > MaxClusterKey {
			return invalid("into", "%.60q is not the key of a cluster", e.Into)
		}
		if e.Into == e.Cluster {
			return invalid("into", "is the cluster itself")
		}
	case ActionSplit:
		return e.validateSplit()
	case ActionDeploy:
		return e.Deploy.validate()
	case ActionCategory:
		return e.validateCategory()
	case ActionUndo:
		if e.Revokes.IsZero() {
			return invalid("revokes", "is missing; give the id of the event to undo")
		}
	default:
		return invalid("action", "%.40q is not one of %v", e.Action, LedgerActions())
	}
	return nil
}

func (f *Fix) validate() error {
	if f.At.IsZero() && len(f.Builds) == 0 {
		return invalid("fix.at", "is missing; only a fix with builds can wait for their deployment")
	}
	if (f.Dimension == "") != (f.Value == "") {
		return invalid("fix.dimension", "dimension and value go together")
	}
	if f.Dimension != "" {
		if err := checkDimension("fix.dimension", f.Dimension); err != nil {
			return err
		}
	}
	if f.Removal && f.Dimension == "" {
		return invalid("fix.dimension", "is missing; a removal says what was removed, such as host.name")
	}
	if len(f.Builds) > MaxFixBuilds {
		return invalid("fix.builds", "%d builds, at most %d are allowed", len(f.Builds), MaxFixBuilds)
	}
	for _, b := range f.Builds {
		if b == "" || len(b) > maxBuildVersion {
			return invalid("fix.builds", "%.40q is not a version of 1 to %d bytes", b, maxBuildVersion)
		}
	}
	return nil
}

// LedgerEntry is what is known about one cluster: the nine fields of the
// failure population ledger. The first seven come from the records, the eighth
// from people, the ninth is computed and can't be typed in.
type LedgerEntry struct {
	Cluster string `json:"cluster"` // recurrence cluster

	Category    string    `json:"category"` // class and kind
	FirstSeen   time.Time `json:"firstSeen"`
	LastSeen    time.Time `json:"lastSeen"`
	Surface     string    `json:"surface"`     // service or executable
	InputType   string    `json:"inputType"`   // signal, for crashes
	Path        string    `json:"path"`        // tool or action path; module, for crashes
	Environment string    `json:"environment"` // build, kernel, CPU, region

	Label  string         `json:"label,omitempty"`
	Causes []LedgerRemark `json:"causes,omitempty"`
	Notes  []LedgerRemark `json:"notes,omitempty"`
	Fixes  []LedgerFix    `json:"fixes,omitempty"`
	// Merged are the keys of clusters that were merged into this one; Parts are
	// what was split off it, and PartOf is the cluster that it was split off.
	Merged []string     `json:"merged,omitempty"`
	Parts  []LedgerPart `json:"parts,omitempty"`
	PartOf string       `json:"partOf,omitempty"`
	// Reopened says when the cluster relapsed.
	Reopened []LedgerRemark `json:"reopened,omitempty"`

	// Rows and Episodes count what the statistics looked at, Grade says how far
	// they can be trusted. Progress is "12 of 30: provisional" below the number
	// of episodes that a diagnosis needs, else "".
	Rows     int    `json:"rows"`
	Episodes int    `json:"episodes"`
	Grade    string `json:"grade,omitempty"`
	Progress string `json:"progress,omitempty"`
	// NeedUntil is when GONE can be reached, and Needs says it in words:
	// "needs 41 more days of silence: 2026-03-01".
	NeedUntil time.Time `json:"needUntil,omitzero"`
	Needs     string    `json:"needs,omitempty"`

	// Proof is the verdict on the cluster's disappearance, in a sentence.
	Proof string `json:"proof,omitempty"`
	State string `json:"state,omitempty"`
}

// LedgerRemark is a text with its origin.
type LedgerRemark struct {
	Event crash.ID  `json:"event"`
	Time  time.Time `json:"time"`
	Actor string    `json:"actor"`
	Text  string    `json:"text"`
}

// LedgerFix is a fix with its origin.
type LedgerFix struct {
	Fix
	Event crash.ID  `json:"event"`
	Time  time.Time `json:"time"`
	Actor string    `json:"actor"`
	Text  string    `json:"text,omitempty"`
	// Waiting is true while no build of the fix was deployed; At is then zero.
	Waiting bool `json:"waiting,omitempty"`
}

// LedgerPart is what was split off a cluster, with its origin.
type LedgerPart struct {
	Parting
	Into  string    `json:"into"`
	Event crash.ID  `json:"event"`
	Time  time.Time `json:"time"`
	Actor string    `json:"actor"`
}

// Ledger answers TypeLedger.
type Ledger struct {
	Meta
	Entries []LedgerEntry `json:"entries"`
}

// LedgerEvents is the body of a POST to /api/v1/ledger, and its answer.
type LedgerEvents struct {
	Events []LedgerEvent `json:"events"`
}
