package crash_test

import (
	"testing"

	"github.com/epicurve/epicurve/pkg/crash"
)

func TestFieldsAreWellFormed(t *testing.T) {
	seen := map[string]bool{crash.FieldID: true, crash.FieldTime: true, crash.FieldSchemaVersion: true, crash.FieldClassifierVersion: true}
	for _, f := range crash.Fields() {
		if seen[f.Name] {
			t.Errorf("%s is listed twice", f.Name)
		}
		seen[f.Name] = true
		accessors := 0
		for _, set := range []bool{f.String != nil, f.Strings != nil, f.Bool != nil, f.Int != nil, f.Address != nil} {
			if set {
				accessors++
			}
		}
		if accessors != 1 {
			t.Errorf("%s has %d accessors, want exactly one", f.Name, accessors)
		}
		if f.Help == "" {
			t.Errorf("%s has no help", f.Name)
		}
		if f.Dimension && f.String == nil {
			t.Errorf("dimension %s is no text", f.Name)
		}
		if (f.String != nil || f.Strings != nil) && f.Bound <= 0 {
			t.Errorf("%s has no bound", f.Name)
		}
	}
}

// Two fields that shared a place in the record would overwrite each other.
func TestFieldsDoNotShareAPlace(t *testing.T) {
	var r crash.Record
	places := map[any]string{}
	for _, f := range crash.Fields() {
		var place any
		switch {
		case f.String != nil:
			place = f.String(&r)
		case f.Strings != nil:
			place = f.Strings(&r)
		case f.Bool != nil:
			place = f.Bool(&r)
		case f.Int != nil:
			place = f.Int(&r)
		case f.Address != nil:
			place = f.Address(&r)
		}
		if other, taken := places[place]; taken {
			t.Errorf("%s and %s are the same place", f.Name, other)
		}
		places[place] = f.Name
	}
}

func TestFieldTextRoundTrip(t *testing.T) {
	for name, text := range map[string]string{
		"host.name":              "db-7",
		"crash.hardware_suspect": "true",
		"process.pid":            "4194304",
		"crash.pc":               "0x0",
		"crash.sp":               "0x7ffc0badcafe",
	} {
		f, ok := crash.FieldByName(name)
		if !ok {
			t.Fatalf("no field %s", name)
		}
		var r crash.Record
		if err := f.SetText(&r, text); err != nil {
			t.Fatal(err)
		}
		if got := f.Text(&r); got != text {
			t.Errorf("%s: got %q, want %q", name, got, text)
		}
	}
}
