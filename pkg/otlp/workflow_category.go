package otlp

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/epicurve/epicurve/pkg/crash"
)

// Labels that evaluations give to what is as it should be, and to what is not.
var (
	passes = regexp.MustCompile(`(?i)^(pass(ed)?|ok|true|yes|correct|relevant|grounded|faithful|resolved|good|success(ful)?)$`)
	fails  = regexp.MustCompile(`(?i)^(fail(ed|ure)?|false|no|incorrect|not[ _-]relevant|irrelevant|ungrounded|unfaithful|hallucinated|unresolved|bad|wrong)$`)
	facts  = regexp.MustCompile(`(?i)hallucinat|ground(ed)?ness|faithful|factual`)
	late   = regexp.MustCompile(`(?i)time[ _-]?d?[ _-]?out|deadline`)
)

// categorize finds the category of a failure whose sender gives none, by the
// first of these that applies:
//
//	error.type speaks of a time-out or a deadline         timeout
//	a tool was executed and there is an error.type        tool_call_failure
//	an evaluation of facts or grounding failed            hallucinated_fact
//	another evaluation failed                             wrong_output
//	anything else                                         unclassified
//
// passed reports an evaluation that found nothing wrong. One that failed itself,
// or whose label is neither, is an error: no guess is made.
func categorize(r *crash.Record, event string) (passed bool, err error) {
	w := &r.Workflow
	if r.Finding.Kind != "" {
		return false, nil
	}
	if event == eventEvaluation {
		return evaluation(r)
	}
	switch {
	case late.MatchString(w.ErrorType):
		r.Finding.Kind = crash.CategoryTimeout
	case w.ErrorType != "" && (event == eventToolException || w.Operation == "execute_tool" || w.Tool != ""):
		r.Finding.Kind = crash.CategoryToolCallFailure
	default:
		r.Finding.Kind = crash.CategoryUnclassified
	}
	if w.Judge == "" && event != EventWorkflow {
		w.Judge = crash.JudgeCode // an error that a program met
	}
	return false, nil
}

func evaluation(r *crash.Record) (passed bool, err error) {
	w := &r.Workflow
	label := strings.TrimSpace(w.ScoreLabel)
	switch {
	case w.ErrorType != "":
		return false, fmt.Errorf("%w: the evaluation %.60q failed itself (error.type %.60q) and says nothing of the workflow", crash.ErrInvalid, w.Evaluation, w.ErrorType)
	case passes.MatchString(label):
		return true, nil
	case !fails.MatchString(label):
		return false, fmt.Errorf("%w: gen_ai.evaluation.score.label %.40q says neither pass nor fail; set workflow.category where it is a failure, and send nothing where it is not",
			crash.ErrInvalid, label)
	case facts.MatchString(w.Evaluation):
		r.Finding.Kind = crash.CategoryHallucinated
	default:
		r.Finding.Kind = crash.CategoryWrongOutput
	}
	return false, nil
}
