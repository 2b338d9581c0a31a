package crash_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/epicurve/epicurve/pkg/crash"
)

// anyRecord draws a valid record with every kind of field in play.
func anyRecord(t *rapid.T) crash.Record {
	r := crash.Record{
		ID:                crash.ID(rapid.SliceOfN(rapid.Byte(), 16, 16).Draw(t, "id")),
		Time:              time.UnixMicro(rapid.Int64Range(1_000_000_000_000_000, 4_000_000_000_000_000).Draw(t, "time")).UTC(),
		SchemaVersion:     crash.SchemaVersion,
		ClassifierVersion: rapid.Int64Range(1, 99).Draw(t, "classifier"),
	}
	for _, f := range crash.Fields() {
		switch {
		case f.String != nil:
			*f.String(&r) = rapid.StringOfN(rapid.Rune(), 0, f.Bound/4, f.Bound).Draw(t, f.Name)
		case f.Strings != nil:
			if items := rapid.SliceOfN(rapid.StringN(0, 20, 80), 0, min(f.Bound, 4)).Draw(t, f.Name); len(items) > 0 {
				*f.Strings(&r) = items
			}
		case f.Bool != nil:
			*f.Bool(&r) = rapid.Bool().Draw(t, f.Name)
		case f.Int != nil && rapid.Bool().Draw(t, f.Name+" known"):
			*f.Int(&r) = crash.Some(rapid.Int64().Draw(t, f.Name))
		case f.Address != nil && rapid.Bool().Draw(t, f.Name+" known"):
			*f.Address(&r) = crash.Some(rapid.Uint64().Draw(t, f.Name))
		}
	}
	r.ID[15] |= 1 // never the zero id
	r.Finding.Class = rapid.SampledFrom(crash.Classes()).Draw(t, "class")
	r.Finding.Kind = rapid.SampledFrom(crash.Kinds()).Draw(t, "kind")
	return r
}

func TestRecordSurvivesJSON(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := anyRecord(t)
		text, err := json.Marshal(want)
		if err != nil {
			t.Fatal(err)
		}
		var got crash.Record
		if err := json.Unmarshal(text, &got); err != nil {
			t.Fatalf("%v in %s", err, text)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("record changed on its way through JSON (-want +got):\n%s", diff)
		}
		if err := got.Validate(); err != nil {
			t.Fatalf("a drawn record is refused: %v", err)
		}
	})
}

func TestZeroAddressIsNotUnknown(t *testing.T) {
	r := crash.Record{Fault: crash.Fault{PC: crash.Some[uint64](0)}}
	text, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(text), `"crash.pc":"0x0"`) {
		t.Errorf("a known program counter of 0 is missing in %s", text)
	}
	if strings.Contains(string(text), `"crash.sp"`) {
		t.Errorf("an unknown stack pointer is shown in %s", text)
	}
}

func TestRecordTakesFurtherAttributes(t *testing.T) {
	var r crash.Record
	if err := json.Unmarshal([]byte(`{"team":"storage","attributes":{"ring":"canary"}}`), &r); err != nil {
		t.Fatal(err)
	}
	want := map[string]string{"team": "storage", "ring": "canary"}
	if diff := cmp.Diff(want, r.Attributes); diff != "" {
		t.Error(diff)
	}
}

func TestRecordRefusesWhatItCantKeep(t *testing.T) {
	for name, text := range map[string]string{
		"address of 17 digits":      `{"crash.pc":"0x10000000000000000"}`,
		"address as a number":       `{"crash.pc":12}`,
		"id too short":              `{"crash.id":"12"}`,
		"attribute that is no text": `{"team":7}`,
		"list that is no list":      `{"crash.reasons":"because"}`,
		"time that is no time":      `{"crash.time":"yesterday"}`,
	} {
		t.Run(name, func(t *testing.T) {
			var r crash.Record
			if err := json.Unmarshal([]byte(text), &r); err == nil {
				t.Errorf("%s was taken as %+v", text, r)
			}
		})
	}
}

func TestValidateNamesTheField(t *testing.T) {
	valid := func() crash.Record {
		return crash.Record{
			ID: crash.ID{15: 1}, Time: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC), Source: crash.SourceCore,
			Finding: crash.Finding{Class: crash.Other, Kind: crash.KindAbort},
		}
	}
	cases := map[string]struct {
		spoil func(*crash.Record)
		names string
	}{
		"no id":              {func(r *crash.Record) { r.ID = crash.ID{} }, "crash.id"},
		"year 1970":          {func(r *crash.Record) { r.Time = time.Unix(0, 0) }, "crash.time"},
		"unknown class":      {func(r *crash.Record) { r.Finding.Class = "bad" }, "crash.class"},
		"unknown kind":       {func(r *crash.Record) { r.Finding.Kind = "bad" }, "crash.kind"},
		"long host":          {func(r *crash.Record) { r.Host.Name = strings.Repeat("h", 257) }, "host.name"},
		"host not UTF-8":     {func(r *crash.Record) { r.Host.Name = "\xff" }, "host.name"},
		"many reasons":       {func(r *crash.Record) { r.Finding.Reasons = make([]string, 33) }, "crash.reasons"},
		"long reason":        {func(r *crash.Record) { r.Finding.Reasons = []string{strings.Repeat("r", 513)} }, "crash.reasons[0]"},
		"nameless attribute": {func(r *crash.Record) { r.Attributes = map[string]string{"": "x"} }, "attribute"},
		"long attribute":     {func(r *crash.Record) { r.Attributes = map[string]string{"a": strings.Repeat("x", 513)} }, "attribute a"},
	}
	ok := valid()
	if err := ok.Validate(); err != nil {
		t.Fatalf("a valid record is refused: %v", err)
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			r := valid()
			c.spoil(&r)
			err := r.Validate()
			if !errors.Is(err, crash.ErrInvalid) || !strings.Contains(err.Error(), c.names) {
				t.Errorf("got %v, want ErrInvalid that names %s", err, c.names)
			}
		})
	}
}
