package otlp

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/epicurve/epicurve/pkg/crash"
)

// genAI makes one log record as an instrumented application sends it.
func genAI(event string, attributes map[string]any) plog.Logs {
	logs := plog.NewLogs()
	rl := logs.ResourceLogs().AppendEmpty()
	rl.Resource().Attributes().PutStr("service.name", "support-chat")
	rl.Resource().Attributes().PutStr("service.version", "prompts-41")
	lr := rl.ScopeLogs().AppendEmpty().LogRecords().AppendEmpty()
	lr.SetEventName(event)
	lr.SetObservedTimestamp(pcommon.NewTimestampFromTime(time.Date(2026, 5, 1, 8, 0, 0, 0, time.UTC)))
	if err := lr.Attributes().FromRaw(attributes); err != nil {
		panic(err)
	}
	return logs
}

func TestWorkflowCategories(t *testing.T) {
	for name, c := range map[string]struct {
		event      string
		attributes map[string]any
		want       crash.Kind
	}{
		"given":            {EventWorkflow, map[string]any{"workflow.category": "refund_twice", "workflow.judge": "human"}, "refund_twice"},
		"evaluation":       {eventEvaluation, map[string]any{"gen_ai.evaluation.name": "Relevance", "gen_ai.evaluation.score.label": "not_relevant", "gen_ai.evaluation.score.value": 0.2}, crash.CategoryWrongOutput},
		"facts":            {eventEvaluation, map[string]any{"gen_ai.evaluation.name": "Groundedness", "gen_ai.evaluation.score.label": "fail"}, crash.CategoryHallucinated},
		"tool":             {eventToolException, map[string]any{"gen_ai.tool.name": "orders.lookup", "error.type": "HTTP_503"}, crash.CategoryToolCallFailure},
		"time-out of tool": {eventToolException, map[string]any{"gen_ai.tool.name": "orders.lookup", "error.type": "DeadlineExceeded"}, crash.CategoryTimeout},
		"span in a log":    {"", map[string]any{"gen_ai.operation.name": "execute_tool", "error.type": "500"}, crash.CategoryToolCallFailure},
		"model call":       {eventException, map[string]any{"gen_ai.system": "acme", "error.type": "rate_limited"}, crash.CategoryUnclassified},
	} {
		t.Run(name, func(t *testing.T) {
			b := FromLogs(genAI(c.event, c.attributes))
			if len(b.Records) != 1 {
				t.Fatalf("refused: %v", b.Refused)
			}
			r := b.Records[0]
			if r.Finding.Kind != c.want || r.Finding.Class != crash.ClassWorkflow || r.Source != crash.SourceWorkflow {
				t.Errorf("category %q, class %q, source %q; want %q", r.Finding.Kind, r.Finding.Class, r.Source, c.want)
			}
			if again := FromLogs(genAI(c.event, c.attributes)); again.Records[0].ID != r.ID {
				t.Error("the same log record sent again has another id")
			}
		})
	}
}

func TestEvaluationsThatAreNoFailures(t *testing.T) {
	b := FromLogs(genAI(eventEvaluation, map[string]any{"gen_ai.evaluation.name": "Relevance", "gen_ai.evaluation.score.label": "pass"}))
	if b.Passed != 1 || len(b.Records)+len(b.Refused) != 0 {
		t.Errorf("a passed evaluation: %+v", b)
	}
	for label, want := range map[string]string{"3 stars": "neither pass nor fail", "": "neither pass nor fail"} {
		b := FromLogs(genAI(eventEvaluation, map[string]any{"gen_ai.evaluation.score.label": label}))
		if len(b.Refused) != 1 || !strings.Contains(b.Refused[0].Error(), want) {
			t.Errorf("label %q: refused %v", label, b.Refused)
		}
	}
	b = FromLogs(genAI(eventEvaluation, map[string]any{"gen_ai.evaluation.score.label": "fail", "error.type": "JudgeCrashed"}))
	if len(b.Refused) != 1 {
		t.Errorf("an evaluation that failed itself: %+v", b)
	}
}

func TestWorkflowKeepsNoContents(t *testing.T) {
	logs := genAI(eventEvaluation, map[string]any{
		"gen_ai.evaluation.score.label": "fail", "gen_ai.evaluation.explanation": "quoted the wrong order",
		"gen_ai.input.messages": "my card number is …", "gen_ai.tool.call.arguments": map[string]any{"card": "…"},
		"gen_ai.conversation.id": "c-17", "long": strings.Repeat("x", 600),
	})
	logs.ResourceLogs().At(0).ScopeLogs().At(0).LogRecords().At(0).SetTraceID([16]byte{1, 2})
	b := FromLogs(logs)
	if len(b.Records) != 1 {
		t.Fatalf("refused: %v", b.Refused)
	}
	want := map[string]string{"gen_ai.conversation.id": "c-17", "trace_id": "01020000000000000000000000000000"}
	if diff := cmp.Diff(want, b.Records[0].Attributes); diff != "" {
		t.Errorf("attributes (-want +got):\n%s", diff)
	}
	if b.Dropped != 3 {
		t.Errorf("%d attributes are counted as dropped, want 3", b.Dropped)
	}
	if diff := cmp.Diff([]string{"quoted the wrong order"}, b.Records[0].Finding.Reasons); diff != "" {
		t.Error(diff)
	}
}

func TestRunsRoundTrip(t *testing.T) {
	want := []crash.Runs{{
		Start: time.Date(2026, 5, 1, 0, 0, 0, 0, time.UTC), Length: time.Hour, Count: 412,
		Of: map[string]string{"service.name": "support-chat", "gen_ai.response.model": "m-2"},
	}}
	b := FromLogs(RunsLogs(want))
	if diff := cmp.Diff(want, b.Runs); diff != "" {
		t.Errorf("(-want +got):\n%s%v", diff, b.Refused)
	}
	if b := FromLogs(genAI(EventRuns, map[string]any{"runs.count": 3, "runs.length_seconds": 60, "mood": "good"})); len(b.Refused) != 1 {
		t.Errorf("runs by an unknown attribute are kept: %+v", b)
	}
}
