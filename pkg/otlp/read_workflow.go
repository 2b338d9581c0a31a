package otlp

import (
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
	"strings"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/epicurve/epicurve/pkg/crash"
)

// Event names of failures of AI workflows and of their runs. The names that
// begin with gen_ai are OpenTelemetry's.
const (
	EventWorkflow      = "epicurve.workflow.failure"
	EventRuns          = "epicurve.runs"
	eventEvaluation    = "gen_ai.evaluation.result"
	eventToolException = "gen_ai.execute_tool.exception"
	eventException     = "gen_ai.client.operation.exception"
)

// fromWorkflow reports whether a log record tells of a workflow: by its event
// name, or because it carries attributes of gen_ai and the type of an error, as
// a span's attributes do when they come in logs.
func fromWorkflow(lr plog.LogRecord, name string) bool {
	switch name {
	case EventWorkflow, eventEvaluation, eventToolException, eventException:
		return true
	case EventCrash, EventExposure, EventRuns:
		return false
	}
	if v, ok := lr.Attributes().Get("error.type"); !ok || v.AsString() == "" {
		return false
	}
	for name := range lr.Attributes().All() {
		if strings.HasPrefix(name, "gen_ai.") {
			return true
		}
	}
	return false
}

// contents are attributes that hold what people and models wrote, or what tools
// were given. They are never kept.
var contents = []string{
	"gen_ai.input.messages", "gen_ai.output.messages", "gen_ai.system_instructions", "gen_ai.tool.definitions",
	"gen_ai.prompt", "gen_ai.completion", "gen_ai.tool.call.arguments", "gen_ai.tool.call.result", "exception.stacktrace",
}

// explanation is why an evaluation gave its label; it is kept as a reason.
const explanation = "gen_ai.evaluation.explanation"

// readWorkflow reads one failure of a workflow and validates it. passed reports
// an evaluation that found nothing wrong, which is no failure.
func readWorkflow(lr plog.LogRecord, resource pcommon.Map, event string) (r crash.Record, dropped int, passed bool, err error) {
	r.Source, r.Finding.Class = crash.SourceWorkflow, crash.ClassWorkflow
	extra, err := readResource(&r, resource)
	if err != nil {
		return r, 0, false, err
	}
	for name, v := range lr.Attributes().All() {
		switch {
		case slices.Contains(contents, name):
			dropped++
		case name == explanation:
			r.Finding.Reasons = append(r.Finding.Reasons, cut(v.AsString(), crash.MaxListItem))
		case isField(name):
			err = setAttribute(&r, name, v)
		case v.Type() == pcommon.ValueTypeMap || v.Type() == pcommon.ValueTypeSlice:
			dropped++
		default:
			extra[name] = v.AsString()
		}
		if err != nil {
			return r, 0, false, err
		}
	}
	if err := setWorkflowTime(&r, lr); err != nil {
		return r, 0, false, err
	}
	if passed, err = categorize(&r, event); passed || err != nil {
		return r, 0, passed, err
	}
	setTrace(extra, lr)
	r.Complete("otlp", slices.Concat(sortedPairs(extra), []string{lr.Body().AsString()})...)
	if err := r.Validate(); err != nil {
		return r, 0, false, err
	}
	return r, dropped + keepExtra(&r, extra), false, nil
}

func isField(name string) bool {
	switch name {
	case attrEventName, crash.FieldID, crash.FieldTime, crash.FieldSchemaVersion, crash.FieldClassifierVersion:
		return true
	}
	_, ok := crash.FieldByName(crash.IngestName(name))
	return ok
}

// setWorkflowTime takes the time at which it was observed where the record has
// none of its own.
func setWorkflowTime(r *crash.Record, lr plog.LogRecord) error {
	if _, given := lr.Attributes().Get(crash.FieldTime); lr.Timestamp() == 0 && !given && lr.ObservedTimestamp() != 0 {
		r.Time = lr.ObservedTimestamp().AsTime()
		r.Time = r.Time.Truncate(1000)
		return nil
	}
	return setTime(r, lr)
}

// setTrace keeps the trace that people will want to look at.
func setTrace(extra map[string]string, lr plog.LogRecord) {
	if id := lr.TraceID(); !id.IsEmpty() {
		extra["trace_id"] = hex.EncodeToString(id[:])
	}
	if id := lr.SpanID(); !id.IsEmpty() {
		extra["span_id"] = hex.EncodeToString(id[:])
	}
}

func sortedPairs(m map[string]string) []string {
	var pairs []string
	for _, name := range slices.Sorted(maps.Keys(m)) {
		pairs = append(pairs, name+"="+m[name])
	}
	return pairs
}

// cut returns at most n bytes of a text, whole characters only.
func cut(s string, n int) string {
	s = strings.ToValidUTF8(s, "\uFFFD")
	if len(s) <= n {
		return s
	}
	return strings.ToValidUTF8(s[:n], "")
}

// readRuns reads the runs of one slot and validates them.
func readRuns(lr plog.LogRecord, resource pcommon.Map) (crash.Runs, error) {
	r := crash.Runs{Start: lr.Timestamp().AsTime().Truncate(1000)}
	known := crash.RunDimensions()
	for name, v := range resource.All() {
		if slices.Contains(known, crash.IngestName(name)) {
			if err := r.Set(name, v.AsString()); err != nil {
				return crash.Runs{}, err
			}
		}
	}
	for name, v := range lr.Attributes().All() {
		if name == attrEventName {
			continue
		}
		if err := r.Set(name, v.AsString()); err != nil {
			return crash.Runs{}, err
		}
	}
	if err := r.Validate(); err != nil {
		return crash.Runs{}, err
	}
	return r, nil
}

// putRuns writes the runs of one slot.
func putRuns(lr plog.LogRecord, r *crash.Runs) {
	lr.SetEventName(EventRuns)
	lr.SetTimestamp(pcommon.NewTimestampFromTime(r.Start))
	lr.Body().SetStr(fmt.Sprintf("%d runs in %s", r.Count, r.Length))
	lr.Attributes().PutInt(crash.RunsCount, r.Count)
	lr.Attributes().PutDouble(crash.RunsLength, r.Length.Seconds())
	for _, name := range slices.Sorted(maps.Keys(r.Of)) {
		lr.Attributes().PutStr(name, r.Of[name])
	}
}

// RunsLogs returns runs as OpenTelemetry logs.
func RunsLogs(runs []crash.Runs) plog.Logs {
	logs := plog.NewLogs()
	scope := logs.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty()
	scope.Scope().SetName(scopeName)
	for i := range runs {
		putRuns(scope.LogRecords().AppendEmpty(), &runs[i])
	}
	return logs
}
