package crash

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// ClassWorkflow is the class of every failure of an AI workflow. It is none of
// the three classes of crashes: the two populations are never compared.
const ClassWorkflow Class = "workflow"

// Known reports whether c is a class of crashes or that of workflow failures.
func (c Class) Known() bool { return c == ClassWorkflow || c.Valid() }

// Workflow is what is known of a failure of an AI workflow beside what it
// shares with crashes: its category is the record's kind, its surface the
// service's name, the release of its agent and prompts the service's version.
type Workflow struct {
	InputType      string // what came in: "refund request", "invoice"
	Path           string // tools or actions taken: "orders.lookup > refund.create"
	RoutingTier    string
	AccountSegment string
	Load           string // "low", "normal", "high"
	Judge          Judge  // who found that it failed
	Label          string // the reviewer's word for this one failure

	Provider      string // gen_ai.provider.name
	RequestModel  string // gen_ai.request.model
	ResponseModel string // gen_ai.response.model: the version that answered
	Agent         string // gen_ai.agent.name
	Tool          string // gen_ai.tool.name
	Operation     string // gen_ai.operation.name
	ErrorType     string // error.type
	Evaluation    string // gen_ai.evaluation.name
	ScoreLabel    string // gen_ai.evaluation.score.label
	ScoreValue    string // gen_ai.evaluation.score.value, a number
}

// Judge is who found a workflow's failure.
type Judge string

// The judges.
const (
	JudgeHuman Judge = "human"
	JudgeModel Judge = "model"
	JudgeCode  Judge = "code"
)

// Judges returns the closed set.
func Judges() []Judge { return []Judge{JudgeHuman, JudgeModel, JudgeCode} }

// The categories that every archive knows. Others are added by events of the
// ledger; an id never changes its meaning and is never given again.
const (
	CategoryWrongOutput     Kind = "wrong_output"
	CategoryToolCallFailure Kind = "tool_call_failure"
	CategoryTimeout         Kind = "timeout"
	CategorySilentSkip      Kind = "silent_skip"
	CategoryHallucinated    Kind = "hallucinated_fact"
	CategoryHumanOverride   Kind = "human_override"
	CategoryUnclassified    Kind = "unclassified" // nobody has said yet
)

// Categories returns the categories that every archive knows.
func Categories() []Kind {
	return []Kind{
		CategoryWrongOutput, CategoryToolCallFailure, CategoryTimeout, CategorySilentSkip,
		CategoryHallucinated, CategoryHumanOverride, CategoryUnclassified,
	}
}

var categoryID = regexp.MustCompile(`^[a-z][a-z0-9_]{1,31}$`)

// ValidCategoryID reports whether k can be the id of a category: 2 to 32 lower
// case letters, digits and underscores, and no kind of crash.
func ValidCategoryID(k Kind) bool { return categoryID.MatchString(string(k)) && !k.Valid() }

// ingestNames are names under which senders know fields: those of a workflow
// that share a field with crashes, and one that OpenTelemetry renamed.
var ingestNames = map[string]string{
	"workflow.category":  "crash.kind",
	"workflow.surface":   "service.name",
	"workflow.release":   "service.version",
	"workflow.signature": "crash.signature",
	"gen_ai.system":      "gen_ai.provider.name",
}

// IngestName returns the name of the field that a sender means by name.
func IngestName(name string) string {
	if n, ok := ingestNames[name]; ok {
		return n
	}
	return name
}

// IsWorkflow reports whether the record is a workflow's failure.
func (r *Record) IsWorkflow() bool {
	return r.Finding.Class == ClassWorkflow || r.Source == SourceWorkflow
}

// looksLikeWorkflow reports whether a sender that names neither class nor source
// tells of a workflow: by its category, or by attributes that crashes don't have.
func (r *Record) looksLikeWorkflow() bool {
	if r.Finding.Class != "" || r.Source != "" && r.Source != SourceImport {
		return false
	}
	own := r.Workflow
	own.ErrorType = "" // other programs have types of errors too
	return slices.Contains(Categories(), r.Finding.Kind) || own != (Workflow{}) && !r.Finding.Kind.Valid()
}

// completeWorkflow fills in what follows from a record being a workflow's.
func (r *Record) completeWorkflow() {
	r.Source, r.Finding.Class = SourceWorkflow, ClassWorkflow
	if r.TimeSource == "" {
		r.TimeSource = TimeFromReporter
	}
	if r.Workflow.Path == "" {
		r.Workflow.Path = r.Workflow.Tool
	}
	if r.Finding.Kind == "" {
		r.Finding.Kind = CategoryUnclassified
	}
}

func (r *Record) validateWorkflow() error {
	if r.Source != SourceWorkflow || r.Finding.Class != ClassWorkflow {
		return fmt.Errorf("%w: crash.class %.40q and crash.source %.40q: the class %s and the source %s go together",
			ErrInvalid, r.Finding.Class, r.Source, ClassWorkflow, SourceWorkflow)
	}
	if !ValidCategoryID(r.Finding.Kind) {
		return fmt.Errorf("%w: workflow.category %.40q is not an id of 2 to 32 lower-case letters, digits and underscores, such as %s",
			ErrInvalid, r.Finding.Kind, CategoryWrongOutput)
	}
	w := &r.Workflow
	if w.Judge != "" && !slices.Contains(Judges(), w.Judge) {
		return fmt.Errorf("%w: workflow.judge %.40q is not one of %v", ErrInvalid, w.Judge, Judges())
	}
	if _, err := strconv.ParseFloat(w.ScoreValue, 64); w.ScoreValue != "" && err != nil {
		return fmt.Errorf("%w: gen_ai.evaluation.score.value %.40q is not a number", ErrInvalid, w.ScoreValue)
	}
	return nil
}

// WorkflowKey names the dimensions that make the cluster key of a workflow's
// failure.
type WorkflowKey []string

// DefaultWorkflowKey is category, surface, and tool or action path.
func DefaultWorkflowKey() WorkflowKey {
	return WorkflowKey{"crash.kind", "service.name", "workflow.path"}
}

// Validate checks that the key names dimensions, each once.
func (k WorkflowKey) Validate() error {
	if len(k) == 0 {
		return fmt.Errorf("%w: the cluster key names no dimension", ErrInvalid)
	}
	for i, name := range k {
		f, ok := DimensionByName(IngestName(name))
		switch {
		case !ok:
			return fmt.Errorf("%w: cluster key: %.60q is not a dimension", ErrInvalid, name)
		case f.Name == "crash.signature" || f.Name == "crash.class":
			return fmt.Errorf("%w: cluster key: %s can't be a part of the key that it follows from", ErrInvalid, f.Name)
		case slices.Contains(k[:i], name):
			return fmt.Errorf("%w: cluster key: %s is given twice", ErrInvalid, name)
		}
	}
	return nil
}

// keyWords lead the values of the default key in a signature.
var keyWords = map[string]string{"crash.kind": "", "service.name": "in ", "workflow.path": "via "}

// Signature words the key of a record: "wrong_output in chat via orders.lookup".
// Values that are not known are left out.
func (k WorkflowKey) Signature(r *Record) string {
	var parts []string
	for _, name := range k {
		f, ok := DimensionByName(IngestName(name))
		if !ok {
			continue
		}
		value := strings.Join(strings.Fields(f.Text(r)), " ")
		if value == "" {
			continue
		}
		lead, ours := keyWords[f.Name]
		if !ours {
			lead = f.Name + "="
		}
		parts = append(parts, lead+value)
	}
	return strings.Join(parts, " ")
}
