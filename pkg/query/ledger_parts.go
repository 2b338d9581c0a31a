package query

import (
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/epicurve/epicurve/pkg/crash"
)

// Parting selects the crashes of a cluster that have one of the values of a
// dimension.
type Parting struct {
	Dimension string   `json:"dimension"`
	Values    []string `json:"values"`
}

// String prints a parting: "cloud.region=eu-1, eu-2".
func (p Parting) String() string { return p.Dimension + "=" + strings.Join(p.Values, ", ") }

// Filter selects what the parting selects.
func (p Parting) Filter() Filter { return Filter{Dimension: p.Dimension, Op: OpIn, Values: p.Values} }

// Rest selects what the parting leaves.
func (p Parting) Rest() Filter { return Filter{Dimension: p.Dimension, Op: OpNotIn, Values: p.Values} }

// PartKey is the customary key of what is split off a cluster.
func PartKey(cluster string, p Parting) string { return cluster + " [" + p.String() + "]" }

// Deployment says that a build is live.
type Deployment struct {
	At    time.Time `json:"at"` // when it was complete, UTC
	Build string    `json:"build"`
	// Aliases are other names of the build: its commit, its image's tag.
	Aliases []string `json:"aliases,omitempty"`
	// Service, Environment and Source are for people; a build is dated by its
	// first deployment to each environment, the last of which counts.
	Service     string `json:"service,omitempty"`
	Environment string `json:"environment,omitempty"`
	Source      string `json:"source,omitempty"` // "github", "argocd", "flux"
}

// Category is a category of failures of AI workflows. Its id never changes its
// meaning and is never given to another.
type Category struct {
	ID    crash.Kind `json:"id"`
	Title string     `json:"title"`
	Help  string     `json:"help,omitempty"`
	// Retired categories are still taken in, and no longer offered.
	Retired bool `json:"retired,omitempty"`
	// Changes is the changelog, by time; the archive fills it in. It is empty
	// for the categories that every archive knows.
	Changes []LedgerRemark `json:"changes,omitempty"`
}

// Categories answers GET /api/v1/categories.
type Categories struct {
	Categories []Category `json:"categories"`
}

// Bounds of the parts of a ledger event, in bytes and items.
const (
	MaxPartingValues  = 100
	maxCategoryTitle  = 128
	maxDeploymentText = 256
)

// validateParts checks that an event carries only what its action takes.
func (e *LedgerEvent) validateParts() error {
	for _, part := range []struct {
		field  string
		has    bool
		action LedgerAction
	}{
		{"fix", e.Fix != nil, ActionFix},
		{"parting", e.Parting != nil, ActionSplit},
		{"deploy", e.Deploy != nil, ActionDeploy},
		{"category", e.Category != nil, ActionCategory},
	} {
		switch {
		case part.has && e.Action != part.action:
			return invalid(part.field, "goes with the action %s only", part.action)
		case !part.has && e.Action == part.action:
			return invalid(part.field, "is missing")
		}
	}
	return nil
}

func (e *LedgerEvent) validateSplit() error {
	p := e.Parting
	if err := checkDimension("parting.dimension", p.Dimension); err != nil {
		return err
	}
	if len(p.Values) == 0 || len(p.Values) > MaxPartingValues {
		return invalid("parting.values", "%d values, 1 to %d are possible", len(p.Values), MaxPartingValues)
	}
	of, signature, _ := ParseCluster(e.Cluster)
	class, _, err := ParseCluster(e.Into)
	switch {
	case signature == "":
		return invalid("cluster", "%.60q is a whole class; a split takes a cluster", e.Cluster)
	case err != nil || len(e.Into) > MaxClusterKey:
		return invalid("into", "%.60q is not the key of a cluster", e.Into)
	case class != of:
		return invalid("into", "%.60q is of another class than the cluster", e.Into)
	case e.Into == e.Cluster:
		return invalid("into", "is the cluster itself")
	}
	return nil
}

func (d *Deployment) validate() error {
	switch {
	case d.At.IsZero():
		return invalid("deploy.at", "is missing")
	case d.Build == "" || len(d.Build) > maxBuildVersion || !utf8.ValidString(d.Build):
		return invalid("deploy.build", "%.40q is not a version of 1 to %d bytes", d.Build, maxBuildVersion)
	}
	if len(d.Aliases) > MaxFixBuilds-1 {
		return invalid("deploy.aliases", "%d names, at most %d are allowed", len(d.Aliases), MaxFixBuilds-1)
	}
	for _, alias := range d.Aliases {
		if alias == "" || len(alias) > maxBuildVersion || !utf8.ValidString(alias) {
			return invalid("deploy.aliases", "%.40q is not a version of 1 to %d bytes", alias, maxBuildVersion)
		}
	}
	for field, text := range map[string]string{"service": d.Service, "environment": d.Environment, "source": d.Source} {
		if len(text) > maxDeploymentText || !utf8.ValidString(text) {
			return invalid("deploy."+field, "must be valid UTF-8 of at most %d bytes", maxDeploymentText)
		}
	}
	return nil
}

func (e *LedgerEvent) validateCategory() error {
	c := e.Category
	if e.Cluster != string(crash.ClassWorkflow) {
		return invalid("cluster", "%.60q: a category belongs to %q", e.Cluster, crash.ClassWorkflow)
	}
	if !crash.ValidCategoryID(c.ID) {
		return invalid("category.id", "%.40q is not an id of 2 to 32 lower-case letters, digits and underscores, or is a kind of crash", c.ID)
	}
	if slices.Contains(crash.Categories(), c.ID) {
		return invalid("category.id", "%s is known to every archive and can't be changed", c.ID)
	}
	switch {
	case c.Title == "" || len(c.Title) > maxCategoryTitle || !utf8.ValidString(c.Title):
		return invalid("category.title", "must be valid UTF-8 of 1 to %d bytes", maxCategoryTitle)
	case len(c.Help) > MaxLedgerText || !utf8.ValidString(c.Help):
		return invalid("category.help", "must be valid UTF-8 of at most %d bytes", MaxLedgerText)
	case len(c.Changes) > 0:
		return invalid("category.changes", "is written by the archive")
	}
	return nil
}
