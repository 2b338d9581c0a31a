package otlp

import (
	"errors"
	"fmt"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/epicurve/epicurve/pkg/crash"
)

// ErrMalformed is wrapped by the errors of UnmarshalProto and UnmarshalJSON:
// the input as a whole is not an OTLP logs request.
var ErrMalformed = errors.New("malformed OTLP logs request")

// Batch is what one request holds.
type Batch struct {
	Records []crash.Record
	Slots   []crash.Exposure
	Runs    []crash.Runs
	// Passed counts evaluations of AI workflows that found nothing wrong.
	Passed int
	// Refused are the log records that can't be stored.
	Refused []Refusal
	// Dropped counts attributes of resources that found no room in a record
	// (it holds crash.MaxAttributes). Attributes of a log record itself are
	// never dropped: the record is refused.
	Dropped int
}

// Refusal names a log record that was refused and says why.
type Refusal struct {
	// Index counts the request's log records from 0, in their order; -1 for
	// one that is known by its id only.
	Index int
	// ID is the crash.id as it was given, "" when there was none.
	ID  string
	Err error
}

// Error implements error.
func (r Refusal) Error() string {
	if r.Index < 0 {
		return fmt.Sprintf("record %.40s: %v", r.ID, r.Err)
	}
	if r.ID == "" {
		return fmt.Sprintf("log record %d: %v", r.Index, r.Err)
	}
	return fmt.Sprintf("log record %d (%s %.40q): %v", r.Index, crash.FieldID, r.ID, r.Err)
}

// Unwrap returns the reason.
func (r Refusal) Unwrap() error { return r.Err }

// UnmarshalProto reads an ExportLogsServiceRequest in protobuf.
func UnmarshalProto(b []byte) (Batch, error) {
	if err := checkProtoDepth(b); err != nil {
		return Batch{}, fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	logs, err := new(plog.ProtoUnmarshaler).UnmarshalLogs(b)
	if err != nil {
		return Batch{}, fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	return FromLogs(logs), nil
}

// UnmarshalJSON reads an ExportLogsServiceRequest in OTLP's JSON encoding.
func UnmarshalJSON(b []byte) (Batch, error) {
	if err := checkJSONDepth(b); err != nil {
		return Batch{}, fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	logs, err := new(plog.JSONUnmarshaler).UnmarshalLogs(b)
	if err != nil {
		return Batch{}, fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	return FromLogs(logs), nil
}

// FromLogs reads OpenTelemetry logs.
func FromLogs(logs plog.Logs) Batch {
	var b Batch
	index := 0
	for _, rl := range logs.ResourceLogs().All() {
		resource := rl.Resource().Attributes()
		for _, sl := range rl.ScopeLogs().All() {
			for _, lr := range sl.LogRecords().All() {
				if err := b.add(lr, resource); err != nil {
					b.Refused = append(b.Refused, Refusal{Index: index, ID: givenID(lr), Err: err})
				}
				index++
			}
		}
	}
	return b
}

func givenID(lr plog.LogRecord) string {
	if v, ok := lr.Attributes().Get(crash.FieldID); ok {
		return v.AsString()
	}
	return ""
}

func (b *Batch) add(lr plog.LogRecord, resource pcommon.Map) error {
	name := eventName(lr)
	if fromWorkflow(lr, name) {
		r, dropped, passed, err := readWorkflow(lr, resource, name)
		switch {
		case err != nil:
			return err
		case passed:
			b.Passed++
		default:
			b.Records = append(b.Records, r)
			b.Dropped += dropped
		}
		return nil
	}
	switch name {
	case EventRuns:
		r, err := readRuns(lr, resource)
		if err != nil {
			return err
		}
		b.Runs = append(b.Runs, r)
		return nil
	case EventCrash:
		r, dropped, err := readRecord(lr, resource)
		if err != nil {
			return err
		}
		b.Records = append(b.Records, r)
		b.Dropped += dropped
		return nil
	case EventExposure:
		e, err := readExposure(lr, resource)
		if err != nil {
			return err
		}
		b.Slots = append(b.Slots, e)
		return nil
	default:
		return fmt.Errorf("%w: event name %.60q is neither %s, %s, %s, %s nor %s, and it has no gen_ai attributes with an error.type",
			crash.ErrInvalid, name, EventCrash, EventExposure, EventWorkflow, EventRuns, eventEvaluation)
	}
}

// attrEventName carried the event name before the log record had a field for it.
const attrEventName = "event.name"

func eventName(lr plog.LogRecord) string {
	if n := lr.EventName(); n != "" {
		return n
	}
	if v, ok := lr.Attributes().Get(attrEventName); ok {
		return v.AsString()
	}
	return ""
}
