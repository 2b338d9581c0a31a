package otlp

import (
	"bytes"
	"errors"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"google.golang.org/protobuf/encoding/protowire"
	"pgregory.net/rapid"

	"github.com/epicurve/epicurve/pkg/crash"
)

// drawRecord draws any valid record: every field is sometimes set.
func drawRecord(t *rapid.T) crash.Record {
	text := func(name string, bound int) string {
		return rapid.StringN(0, -1, min(bound, 60)).Draw(t, name)
	}
	r := crash.Record{
		Time:              time.UnixMicro(rapid.Int64Range(631152000000000, 7258118399999999).Draw(t, "time")).UTC(),
		SchemaVersion:     rapid.Int64Range(1, 9).Draw(t, "schema"),
		ClassifierVersion: rapid.Int64().Draw(t, "classifier"),
	}
	copy(r.ID[:], rapid.SliceOfN(rapid.Byte(), 16, 16).Draw(t, "id"))
	r.ID[15] |= 1
	for _, f := range crash.Fields() {
		if !rapid.Bool().Draw(t, "set "+f.Name) {
			continue
		}
		switch {
		case f.String != nil:
			*f.String(&r) = text(f.Name, f.Bound)
		case f.Strings != nil:
			*f.Strings(&r) = rapid.SliceOfN(rapid.StringN(0, -1, 40), 0, f.Bound).Draw(t, f.Name)
		case f.Bool != nil:
			*f.Bool(&r) = true
		case f.Int != nil:
			*f.Int(&r) = crash.Some(rapid.Int64().Draw(t, f.Name))
		case f.Address != nil:
			*f.Address(&r) = crash.Some(rapid.Uint64().Draw(t, f.Name))
		}
	}
	r.Finding.Kind = rapid.SampledFrom(crash.Kinds()).Draw(t, "kind")
	r.Finding.Class = r.Finding.Kind.Class()
	if rapid.Bool().Draw(t, "attributes") {
		r.Attributes = rapid.MapOfN(rapid.StringMatching(`x[a-z.]{1,20}`), rapid.StringN(0, -1, 60), 0, crash.MaxAttributes).Draw(t, "attrs")
	}
	return r
}

func drawExposure(t *rapid.T) crash.Exposure {
	r := drawRecord(t)
	e := crash.Exposure{
		Host: r.Host, Cloud: r.Cloud, Node: r.Container.Node, Start: r.Time,
		Length: time.Duration(rapid.Int64Range(1, int64(24*time.Hour)).Draw(t, "length")),
	}
	e.Host.ID = "m-" + rapid.StringMatching(`[0-9a-f]{8}`).Draw(t, "machine")
	e.Covered = time.Duration(rapid.Int64Range(0, int64(e.Length)).Draw(t, "covered"))
	e.Limited = time.Duration(rapid.Int64Range(0, int64(e.Covered)).Draw(t, "limited"))
	for range rapid.IntRange(0, 3).Draw(t, "builds") {
		e.Builds = append(e.Builds, crash.ExposedBuild{
			ServiceName: rapid.StringN(0, -1, 40).Draw(t, "service"), BuildID: rapid.StringMatching(`[0-9a-f]{0,40}`).Draw(t, "build"),
			Running: time.Duration(rapid.Int64Range(0, int64(e.Length)).Draw(t, "running")),
		})
	}
	return e
}

// byHost is the order in which Marshal writes: machines as they first appear.
func byHost(records []crash.Record, slots []crash.Exposure) ([]crash.Record, []crash.Exposure) {
	var order []machine
	of := func(r *crash.Record) machine {
		m := machine{host: r.Host, cloud: r.Cloud, node: r.Container.Node}
		m.host.BootID, m.host.CPU, m.host.UptimeSeconds = "", "", crash.Optional[int64]{}
		return m
	}
	seen := make(map[machine]bool)
	rs, es := make(map[machine][]crash.Record), make(map[machine][]crash.Exposure)
	add := func(m machine) {
		if !seen[m] {
			seen[m] = true
			order = append(order, m)
		}
	}
	for _, r := range records {
		m := of(&r)
		add(m)
		rs[m] = append(rs[m], r)
	}
	for _, e := range slots {
		m := of(&crash.Record{Host: e.Host, Cloud: e.Cloud, Container: crash.Container{Node: e.Node}})
		add(m)
		es[m] = append(es[m], e)
	}
	var r2 []crash.Record
	var e2 []crash.Exposure
	for _, m := range order {
		r2, e2 = append(r2, rs[m]...), append(e2, es[m]...)
	}
	return r2, e2
}

func TestRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		records := rapid.SliceOfN(rapid.Custom(drawRecord), 0, 4).Draw(t, "records")
		slots := rapid.SliceOfN(rapid.Custom(drawExposure), 0, 3).Draw(t, "slots")
		wantRecords, wantSlots := byHost(records, slots)
		for _, enc := range []struct {
			name      string
			marshal   func([]crash.Record, []crash.Exposure) ([]byte, error)
			unmarshal func([]byte) (Batch, error)
		}{{"protobuf", Marshal, UnmarshalProto}, {"JSON", MarshalJSON, UnmarshalJSON}} {
			b, err := enc.marshal(records, slots)
			if err != nil {
				t.Fatalf("%s: %v", enc.name, err)
			}
			got, err := enc.unmarshal(b)
			if err != nil {
				t.Fatalf("%s: %v", enc.name, err)
			}
			if len(got.Refused) > 0 {
				t.Fatalf("%s refused %v", enc.name, got.Refused[0])
			}
			if d := cmp.Diff(wantRecords, got.Records, cmpopts.EquateEmpty()); d != "" {
				t.Fatalf("%s records (-want +got):\n%s", enc.name, d)
			}
			if d := cmp.Diff(wantSlots, got.Slots, cmpopts.EquateEmpty()); d != "" {
				t.Fatalf("%s slots (-want +got):\n%s", enc.name, d)
			}
		}
	})
}

// oneRecord returns logs with one acceptable crash, to be spoilt by the caller.
func oneRecord() (plog.Logs, plog.LogRecord) {
	logs := Logs([]crash.Record{{
		ID: crash.ID{1}, Time: time.Date(2026, 2, 28, 23, 59, 59, 0, time.UTC), SchemaVersion: 1,
		Finding: crash.Finding{Class: crash.Other, Kind: crash.KindAbort},
	}}, nil)
	return logs, logs.ResourceLogs().At(0).ScopeLogs().At(0).LogRecords().At(0)
}

func TestRefusals(t *testing.T) {
	tests := []struct {
		name  string
		spoil func(plog.LogRecord)
		want  string
	}{
		{"foreign event", func(lr plog.LogRecord) { lr.SetEventName("browser.page_view") }, `event name "browser.page_view" is neither`},
		{"no event", func(lr plog.LogRecord) { lr.SetEventName("") }, `event name "" is neither`},
		{"no time", func(lr plog.LogRecord) { lr.SetTimestamp(0) }, "neither the log record's time nor crash.time"},
		{"broken clock", func(lr plog.LogRecord) { lr.SetTimestamp(1) }, "is not between 1990 and 2200"},
		{"id", func(lr plog.LogRecord) { lr.Attributes().PutStr("crash.id", "x") }, "want 36 characters"},
		{"class", func(lr plog.LogRecord) { lr.Attributes().PutStr("crash.class", "novel") }, `crash.class "novel" is not one of`},
		{"number", func(lr plog.LogRecord) { lr.Attributes().PutDouble("process.pid", 1.5) }, `process.pid "1.5" is not a whole number`},
		{"address", func(lr plog.LogRecord) { lr.Attributes().PutStr("crash.pc", "zz") }, `crash.pc: "zz" is not an address`},
		{"list", func(lr plog.LogRecord) { lr.Attributes().PutStr("crash.reasons", "one") }, "crash.reasons is not a list"},
		{"too long", func(lr plog.LogRecord) { lr.Attributes().PutStr("host.name", strings.Repeat("h", 257)) }, "host.name has 257 bytes"},
		{"not UTF-8", func(lr plog.LogRecord) { lr.Attributes().PutStr("host.name", "\xff") }, "host.name is not valid UTF-8"},
		{"too many attributes", func(lr plog.LogRecord) {
			for i := range 33 {
				lr.Attributes().PutStr("free."+strings.Repeat("x", i), "")
			}
		}, "33 further attributes"},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			logs, lr := oneRecord()
			tc.spoil(lr)
			good, _ := oneRecord()
			good.ResourceLogs().At(0).CopyTo(logs.ResourceLogs().AppendEmpty())
			b := FromLogs(logs)
			if len(b.Refused) != 1 || len(b.Records) != 1 {
				t.Fatalf("refused %v, kept %d; want 1 of each", b.Refused, len(b.Records))
			}
			if got := b.Refused[0]; got.Index != 0 || !errors.Is(got, crash.ErrInvalid) || !strings.Contains(got.Error(), tc.want) {
				t.Errorf("refusal %d %q, want index 0 and %q", got.Index, got, tc.want)
			}
		})
	}
}

func TestForeignSender(t *testing.T) {
	logs := plog.NewLogs()
	rl := logs.ResourceLogs().AppendEmpty()
	for name, value := range map[string]string{"host.name": "db-7", "service.name": "planner", "deployment.environment.name": "prod", "telemetry.sdk.name": "x"} {
		rl.Resource().Attributes().PutStr(name, value)
	}
	lr := rl.ScopeLogs().AppendEmpty().LogRecords().AppendEmpty()
	lr.SetTimestamp(pcommon.NewTimestampFromTime(time.Date(2026, 5, 1, 0, 0, 0, 0, time.UTC)))
	lr.Attributes().PutStr("event.name", EventCrash)
	lr.Attributes().PutStr("crash.source", "workflow")
	lr.Attributes().PutStr("crash.kind", "tool_call_timeout")
	lr.Attributes().PutInt("tool.retries", 3)
	lr.Attributes().PutStr("host.name", "db-8")

	first, second := FromLogs(logs), FromLogs(logs)
	if len(first.Records) != 1 {
		t.Fatalf("refused: %v", first.Refused)
	}
	r := first.Records[0]
	if r.ID.IsZero() || r.ID != second.Records[0].ID {
		t.Errorf("ids %s and %s of the same log record; want the same, not zero", r.ID, second.Records[0].ID)
	}
	if r.Host.Name != "db-8" || r.Process.ServiceName != "planner" || r.Finding.Class != crash.ClassWorkflow {
		t.Errorf("host %q, service %q, class %q", r.Host.Name, r.Process.ServiceName, r.Finding.Class)
	}
	want := map[string]string{"deployment.environment.name": "prod", "tool.retries": "3"}
	if d := cmp.Diff(want, r.Attributes); d != "" {
		t.Errorf("attributes (-want +got):\n%s", d)
	}
	lr.Attributes().PutInt("tool.retries", 4)
	if again := FromLogs(logs); again.Records[0].ID == r.ID {
		t.Error("another log record has the same id")
	}
}

func TestNestingIsBounded(t *testing.T) {
	v := protowire.AppendBytes(protowire.AppendTag(nil, 1, protowire.BytesType), []byte("x")) // AnyValue{string}
	for range 200_000 {
		list := protowire.AppendBytes(protowire.AppendTag(nil, 1, protowire.BytesType), v)
		v = protowire.AppendBytes(protowire.AppendTag(nil, 5, protowire.BytesType), list)
		if len(v) > 1<<16 {
			break
		}
	}
	b := protowire.AppendBytes(protowire.AppendTag(nil, 5, protowire.BytesType), v) // LogRecord.body
	for _, num := range []protowire.Number{2, 2, 1} {                               // log_records, scope_logs, resource_logs
		b = protowire.AppendBytes(protowire.AppendTag(nil, num, protowire.BytesType), b)
	}
	if _, err := UnmarshalProto(b); !errors.Is(err, ErrMalformed) || !errors.Is(err, errTooDeep) {
		t.Errorf("protobuf: %v, want %v", err, errTooDeep)
	}
	js := `{"resourceLogs":[{"resource":{"attributes":[` + strings.Repeat(`{"arrayValue":{"values":[`, 5000)
	if _, err := UnmarshalJSON([]byte(js)); !errors.Is(err, errTooDeep) {
		t.Errorf("JSON: %v, want %v", err, errTooDeep)
	}
}

func TestResponse(t *testing.T) {
	for _, p := range []PartialSuccess{{}, {Rejected: 3, Message: "log record 0: no"}, {Message: "only a warning"}} {
		got, err := UnmarshalResponse("application/x-protobuf", p.MarshalProto())
		if err != nil || got != p {
			t.Errorf("protobuf: got %+v, %v; want %+v", got, err, p)
		}
		js, err := p.MarshalJSON()
		if err != nil {
			t.Fatal(err)
		}
		if got, err := UnmarshalResponse("application/json", js); err != nil || got != p {
			t.Errorf("JSON %s: got %+v, %v; want %+v", js, got, err, p)
		}
	}
	if _, err := UnmarshalResponse("application/x-protobuf", []byte{0xff}); err == nil {
		t.Error("a broken reply was read without error")
	}
}

func TestNoGRPC(t *testing.T) {
	out, err := exec.Command("go", "list", "-deps", ".").Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	if bytes.Contains(out, []byte("google.golang.org/grpc")) {
		t.Error("the package links gRPC, which the exporter can't afford")
	}
}

func FuzzUnmarshal(f *testing.F) {
	logs, _ := oneRecord()
	pb, _ := new(plog.ProtoMarshaler).MarshalLogs(logs)
	js, _ := new(plog.JSONMarshaler).MarshalLogs(logs)
	f.Add(pb)
	f.Add(js)
	f.Fuzz(func(t *testing.T, b []byte) {
		for _, unmarshal := range []func([]byte) (Batch, error){UnmarshalProto, UnmarshalJSON} {
			batch, err := unmarshal(b)
			if err != nil {
				continue
			}
			for _, r := range batch.Records {
				if err := r.Validate(); err != nil {
					t.Errorf("kept an invalid record: %v", err)
				}
			}
		}
	})
}
