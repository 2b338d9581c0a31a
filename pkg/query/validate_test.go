package query_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/epicurve/epicurve/pkg/query"
)

const year = `"range":{"from":"2026-01-01T00:00:00Z","to":"2027-01-01T00:00:00Z"}`

func TestParseFillsInDefaults(t *testing.T) {
	got, err := query.Parse([]byte(`{` + year + `,"filters":[{"dimension":"host.name","values":["a"]}]}`))
	if err != nil {
		t.Fatal(err)
	}
	want := query.Request{
		Type:       query.TypeTimeseries,
		Range:      query.Range{From: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC), To: time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC)},
		Interval:   query.Duration(7 * 24 * time.Hour),
		Measure:    query.MeasureCrashes,
		Suppressed: query.SuppressedExclude,
		Filters:    []query.Filter{{Dimension: "host.name", Op: query.OpIn, Values: []string{"a"}}},
		TopK:       query.DefaultTopK,
		Limit:      query.DefaultLimit,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestParseSaysWhatIsWrongAndWhere(t *testing.T) {
	cases := map[string]struct{ body, field, says string }{
		"unknown type":          {`{"type":"pie",` + year + `}`, "type", "possible are"},
		"unknown measure":       {`{"measure":"mean",` + year + `}`, "measure", "possible are"},
		"range backwards":       {`{"range":{"from":"2027-01-01T00:00:00Z","to":"2026-01-01T00:00:00Z"}}`, "range", "not before"},
		"a thousand years":      {`{"range":{"from":"1026-01-01T00:00:00Z","to":"2027-01-01T00:00:00Z"}}`, "range", "longer"},
		"no range":              {`{}`, "range", "not before"},
		"unknown dimension":     {`{"groupBy":["name"],` + year + `}`, "groupBy[0]", "host.name"},
		"dimension twice":       {`{"groupBy":["host.name","host.name"],` + year + `}`, "groupBy[1]", "twice"},
		"five dimensions":       {`{"groupBy":["a","b","c","d","e"],` + year + `}`, "groupBy", "at most 4"},
		"no dimension":          {`{"filters":[{"values":["a"]}],` + year + `}`, "filters[0].dimension", "dimensions"},
		"filter without value":  {`{"filters":[{"dimension":"host.name"}],` + year + `}`, "filters[0].values", "empty"},
		"bad operator":          {`{"filters":[{"dimension":"host.name","op":"<","values":["a"]}],` + year + `}`, "filters[0].op", "=~"},
		"bad expression":        {`{"filters":[{"dimension":"host.name","op":"=~","values":["("]}],` + year + `}`, "filters[0].values[0]", "missing closing"},
		"two expressions":       {`{"filters":[{"dimension":"host.name","op":"=~","values":["a","b"]}],` + year + `}`, "filters[0].values", "exactly one"},
		"negative limit":        {`{"limit":-1,` + year + `}`, "limit", "-1"},
		"too many buckets":      {`{"interval":1000,` + year + `}`, "interval", "at most"},
		"too many values":       {`{"topK":10000,"groupBy":["host.name"],"interval":43200000,` + year + `}`, "topK", "values that an answer may have"},
		"short interval":        {`{"interval":1,` + year + `}`, "interval", "shorter"},
		"unknown zone":          {`{"timeZone":"Mars/Olympus",` + year + `}`, "timeZone", "Mars"},
		"cluster without class": {`{"type":"clusters","cluster":"x",` + year + `}`, "cluster", "classes are"},
		"verdict of nothing":    {`{"type":"verdict",` + year + `}`, "cluster", "needs the key"},
		"limit as text":         {`{"limit":"ten",` + year + `}`, "limit", "string"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			_, err := query.Parse([]byte(c.body))
			fe, ok := errors.AsType[*query.FieldError](err)
			if !ok || !errors.Is(err, query.ErrInvalid) {
				t.Fatalf("got %v, want a FieldError", err)
			}
			if fe.Field != c.field || !strings.Contains(fe.Message, c.says) {
				t.Errorf("got %q: %q, want field %q and %q in the message", fe.Field, fe.Message, c.field, c.says)
			}
		})
	}
	for _, body := range []string{``, `{`, `[]`, `{"filter":[],` + year + `}`, `{` + year + `} {}`} {
		if _, err := query.Parse([]byte(body)); !errors.Is(err, query.ErrInvalid) {
			t.Errorf("%q: got %v, want ErrInvalid", body, err)
		}
	}
}

func TestDurationTakesWhatGrafanaSends(t *testing.T) {
	for text, want := range map[string]time.Duration{`60000`: time.Minute, `"90s"`: 90 * time.Second, `0`: 0, `1500.5`: 1500500 * time.Microsecond} {
		var d query.Duration
		if err := json.Unmarshal([]byte(text), &d); err != nil || time.Duration(d) != want {
			t.Errorf("%s: got %v, %v; want %v", text, time.Duration(d), err, want)
		}
	}
	for _, text := range []string{`-1`, `"-1s"`, `1e300`, `"soon"`, `{}`} {
		var d query.Duration
		if err := json.Unmarshal([]byte(text), &d); err == nil {
			t.Errorf("%s was taken as %v", text, time.Duration(d))
		}
	}
}

func TestMatchIsAnchored(t *testing.T) {
	re, err := query.CompileMatch("a|b")
	if err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string]bool{"a": true, "b": true, "ab": false, "xa": false, "a\n": false} {
		if got := re.MatchString(text); got != want {
			t.Errorf("%q matches: %v, want %v", text, got, want)
		}
	}
}

func TestMatchCantEscapeItsAnchors(t *testing.T) {
	if _, err := query.CompileMatch("a)|(b"); err == nil {
		t.Error("an expression that closes the anchors' group was taken")
	}
}

func TestNiceInterval(t *testing.T) {
	for span, want := range map[time.Duration]time.Duration{
		time.Minute:          time.Second,
		6 * time.Hour:        5 * time.Minute,
		30 * 24 * time.Hour:  6 * time.Hour,
		365 * 24 * time.Hour: 7 * 24 * time.Hour,
	} {
		if got := query.NiceInterval(span, 200); got != want {
			t.Errorf("%v: got %v, want %v", span, got, want)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(`{` + year + `,"groupBy":["host.name"],"filters":[{"dimension":"host.name","op":"=~","values":["a.*"]}]}`))
	f.Add([]byte(`{"type":"records","cluster":"other/x",` + year + `}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		r, err := query.Parse(body)
		if err != nil {
			if !errors.Is(err, query.ErrInvalid) {
				t.Fatalf("error does not wrap ErrInvalid: %v", err)
			}
			return
		}
		printed, err := json.Marshal(r)
		if err != nil {
			t.Fatalf("a valid request can't be printed: %v", err)
		}
		again, err := query.Parse(printed)
		if err != nil {
			t.Fatalf("what was printed is refused: %v\n%s", err, printed)
		}
		if diff := cmp.Diff(r, again); diff != "" {
			t.Fatalf("print and parse differ:\n%s", diff)
		}
	})
}
