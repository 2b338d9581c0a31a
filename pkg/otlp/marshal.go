package otlp

import (
	"fmt"
	"strings"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/epicurve/epicurve/pkg/crash"
)

// Event names of the two sorts of log records.
const (
	EventCrash    = "epicurve.crash"
	EventExposure = "epicurve.exposure"
)

// scopeName is the instrumentation scope of what Marshal writes.
const scopeName = "github.com/epicurve/epicurve"

// Marshal returns an OTLP ExportLogsServiceRequest in protobuf with one log
// record a crash and one a slot, in the order given, except that those of one
// host stand together under one resource. It doesn't validate.
func Marshal(records []crash.Record, slots []crash.Exposure) ([]byte, error) {
	m := new(plog.ProtoMarshaler)
	b, err := m.MarshalLogs(Logs(records, slots))
	if err != nil {
		return nil, fmt.Errorf("marshal OTLP logs: %w", err)
	}
	return b, nil
}

// MarshalJSON is Marshal in OTLP's JSON encoding.
func MarshalJSON(records []crash.Record, slots []crash.Exposure) ([]byte, error) {
	m := new(plog.JSONMarshaler)
	b, err := m.MarshalLogs(Logs(records, slots))
	if err != nil {
		return nil, fmt.Errorf("marshal OTLP logs: %w", err)
	}
	return b, nil
}

// Logs returns records and slots as OpenTelemetry logs.
func Logs(records []crash.Record, slots []crash.Exposure) plog.Logs {
	w := writer{logs: plog.NewLogs(), scopes: make(map[machine]plog.LogRecordSlice)}
	for i := range records {
		w.record(&records[i])
	}
	for i := range slots {
		w.exposure(&slots[i])
	}
	return w.logs
}

// writer collects log records under one resource a machine.
type writer struct {
	logs   plog.Logs
	scopes map[machine]plog.LogRecordSlice
}

// machine holds the fields that stand on the resource: those that stay the same
// from one crash of a host to the next.
type machine struct {
	host  crash.Host
	cloud crash.Cloud
	node  string
}

func (w *writer) under(r *crash.Record) plog.LogRecord {
	m := machine{host: r.Host, cloud: r.Cloud, node: r.Container.Node}
	m.host.BootID, m.host.CPU, m.host.UptimeSeconds = "", "", crash.Optional[int64]{}
	s, ok := w.scopes[m]
	if !ok {
		rl := w.logs.ResourceLogs().AppendEmpty()
		putFields(rl.Resource().Attributes(), m.record())
		sl := rl.ScopeLogs().AppendEmpty()
		sl.Scope().SetName(scopeName)
		s = sl.LogRecords()
		w.scopes[m] = s
	}
	return s.AppendEmpty()
}

func (m machine) record() *crash.Record {
	return &crash.Record{Host: m.host, Cloud: m.cloud, Container: crash.Container{Node: m.node}}
}

func (w *writer) record(r *crash.Record) {
	lr := w.under(r)
	lr.SetEventName(EventCrash)
	if r.IsWorkflow() {
		lr.SetEventName(EventWorkflow)
	}
	lr.SetTimestamp(pcommon.NewTimestampFromTime(r.Time))
	lr.SetSeverityNumber(plog.SeverityNumberFatal)
	lr.Body().SetStr(summary(r))

	own := *r
	own.Host = crash.Host{BootID: r.Host.BootID, CPU: r.Host.CPU, UptimeSeconds: r.Host.UptimeSeconds}
	own.Cloud = crash.Cloud{}
	own.Container.Node = ""
	attrs := lr.Attributes()
	for name, value := range own.Attributes {
		attrs.PutStr(name, value)
	}
	putFields(attrs, &own)
	attrs.PutStr(crash.FieldID, r.ID.String())
	attrs.PutInt(crash.FieldSchemaVersion, r.SchemaVersion)
	attrs.PutInt(crash.FieldClassifierVersion, r.ClassifierVersion)
}

// summary is the body of the log record, for people who look at the stream.
func summary(r *crash.Record) string {
	parts := []string{string(r.Finding.Kind)}
	if r.Process.Executable != "" {
		parts = append(parts, "in", r.Process.Executable)
	}
	if r.Host.Name != "" {
		parts = append(parts, "on", r.Host.Name)
	}
	if r.Fault.Signal != "" {
		parts = append(parts, "("+r.Fault.Signal+")")
	}
	return strings.Join(parts, " ")
}

// putFields writes every known field of r; it leaves out what is unknown.
func putFields(attrs pcommon.Map, r *crash.Record) {
	for _, f := range crash.Fields() {
		switch {
		case f.Strings != nil:
			items := *f.Strings(r)
			if len(items) == 0 {
				continue
			}
			s := attrs.PutEmptySlice(f.Name)
			s.EnsureCapacity(len(items))
			for _, item := range items {
				s.AppendEmpty().SetStr(item)
			}
		case f.Bool != nil:
			if *f.Bool(r) {
				attrs.PutBool(f.Name, true)
			}
		case f.Int != nil:
			if v := *f.Int(r); v.Known {
				attrs.PutInt(f.Name, v.Value)
			}
		default:
			if s := f.Text(r); s != "" {
				attrs.PutStr(f.Name, s)
			}
		}
	}
}

// Names of the attributes of an exposure's log record. Times are in seconds.
// The log record's timestamp is the beginning of the slot.
const (
	attrLength  = "exposure.length_seconds"
	attrCovered = "exposure.covered_seconds"
	attrLimited = "exposure.limited_seconds"
	attrBuilds  = "exposure.builds"
	attrRunning = "running_seconds"
)

func (w *writer) exposure(e *crash.Exposure) {
	r := crash.Record{Host: e.Host, Cloud: e.Cloud, Container: crash.Container{Node: e.Node}}
	lr := w.under(&r)
	lr.SetEventName(EventExposure)
	lr.SetTimestamp(pcommon.NewTimestampFromTime(e.Start))
	attrs := lr.Attributes()
	putFields(attrs, &crash.Record{Host: crash.Host{BootID: e.Host.BootID, CPU: e.Host.CPU, UptimeSeconds: e.Host.UptimeSeconds}})
	attrs.PutDouble(attrLength, e.Length.Seconds())
	attrs.PutDouble(attrCovered, e.Covered.Seconds())
	if e.Limited > 0 {
		attrs.PutDouble(attrLimited, e.Limited.Seconds())
	}
	if len(e.Builds) == 0 {
		return
	}
	builds := attrs.PutEmptySlice(attrBuilds)
	for _, b := range e.Builds {
		m := builds.AppendEmpty().SetEmptyMap()
		putKnown(m, "service.name", b.ServiceName)
		putKnown(m, "service.version", b.ServiceVersion)
		putKnown(m, "process.executable.build_id.gnu", b.BuildID)
		m.PutDouble(attrRunning, b.Running.Seconds())
	}
}

func putKnown(m pcommon.Map, name, value string) {
	if value != "" {
		m.PutStr(name, value)
	}
}
