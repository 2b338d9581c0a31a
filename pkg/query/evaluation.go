package query

import (
	"time"

	"github.com/epicurve/epicurve/pkg/crash"
	"github.com/epicurve/epicurve/pkg/epi"
)

// Quality is what the data itself can't show, for those who show that and know
// nothing of statistics.
type Quality = epi.Quality

// Shade is a span in which crashes would have been missed.
type Shade = epi.Shade

// ShadeCores is the reason of a shade in which crashes left fewer cores.
const ShadeCores = epi.ShadeCores

// Verdict answers TypeVerdict: the whole assessment of one cluster, with what
// people wrote about it.
type Verdict struct {
	Meta
	Assessment epi.Assessment `json:"assessment"`
	Ledger     LedgerEntry    `json:"ledger"`
	// Quality is that of the whole archive's data; that of the cluster's is
	// part of the assessment.
	Quality *epi.Quality `json:"quality,omitempty"`
}

// Contrast answers TypeContrast: what is over-represented in a cluster.
type Contrast struct {
	Meta
	Cluster  string       `json:"cluster"`
	Contrast epi.Contrast `json:"contrast"`
}

// Split answers TypeSplit: one disease or two.
type Split struct {
	Meta
	Split epi.Split `json:"split"`
}

// AnnotationKind says what an annotation marks.
type AnnotationKind string

// The kinds of annotation.
const (
	AnnotationOnset   AnnotationKind = "onset"   // region: the onset's interval
	AnnotationFix     AnnotationKind = "fix"     // a fix or a removal
	AnnotationRelapse AnnotationKind = "relapse" // region: from the first episode to the one that decided
	AnnotationNew     AnnotationKind = "new"     // a new cluster reached the alert's threshold
	AnnotationGone    AnnotationKind = "gone"    // the verdict was reached
	AnnotationBlind   AnnotationKind = "blind"   // region: next to nothing was seen of anything
	AnnotationDeploy  AnnotationKind = "deploy"  // a build was deployed
)

// AnnotationKinds returns the closed set.
func AnnotationKinds() []AnnotationKind {
	return []AnnotationKind{AnnotationOnset, AnnotationFix, AnnotationRelapse, AnnotationNew, AnnotationGone, AnnotationBlind, AnnotationDeploy}
}

// Annotation is a moment or an interval to draw on a panel.
type Annotation struct {
	Kind AnnotationKind `json:"kind"`
	Time time.Time      `json:"time"`
	// TimeEnd makes a region of it.
	TimeEnd time.Time `json:"timeEnd,omitzero"`
	Cluster string    `json:"cluster"`
	Title   string    `json:"title"`
	Text    string    `json:"text"`
	// Event is the ledger event it came from, if any.
	Event crash.ID `json:"event,omitzero"`
}

// Annotations answers TypeAnnotations, by time. With a cluster in the request
// they are that cluster's, otherwise those of the largest clusters, up to Limit.
type Annotations struct {
	Meta
	Annotations []Annotation `json:"annotations"`
}
