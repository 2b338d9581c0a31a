package plugin

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/backend"
	"github.com/grafana/grafana-plugin-sdk-go/data"
	"go.uber.org/goleak"

	"github.com/epicurve/epicurve/pkg/crash"
	"github.com/epicurve/epicurve/pkg/query"
)

// packets hands on what a stream sends.
type packets chan *data.Frame

func (p packets) Send(packet *backend.StreamPacket) error {
	var f data.Frame
	if err := json.Unmarshal(packet.Data, &f); err != nil {
		return err
	}
	p <- &f
	return nil
}

// channelOf asks for crashes as a live panel does and returns the channel that
// the answer names.
func channelOf(t *testing.T, ds *Datasource, model string) (path string, question json.RawMessage, f *data.Frame) {
	t.Helper()
	resp := ask(t, ds, model)
	if resp.Error != nil {
		t.Fatal(resp.Error)
	}
	if err := breach(resp.Frames); err != nil {
		t.Errorf("data plane contract: %v", err)
	}
	text, err := json.Marshal(resp.Frames[0].Meta.Custom)
	if err != nil {
		t.Fatal(err)
	}
	var custom struct {
		Live struct {
			Path     string
			Question json.RawMessage
		}
	}
	if err := json.Unmarshal(text, &custom); err != nil || custom.Live.Path == "" {
		t.Fatalf("frame names no channel: %s, %v", text, err)
	}
	return custom.Live.Path, custom.Live.Question, resp.Frames[0]
}

// TestNewCrashesAreSent listens to an archive that holds crashes, adds some, and
// gets those that fit the panel's filters and nothing else.
func TestNewCrashesAreSent(t *testing.T) {
	for _, format := range []string{"table", "logs"} {
		t.Run(format, func(t *testing.T) {
			now := time.Now().UTC().Truncate(time.Second)
			url := startArchiveAt(t, now)
			fill(t, url, []crash.Record{crashNow(now.Add(-time.Minute), 7, 0)}, nil)
			ds := instance(t, url, nil)
			path, question, first := channelOf(t, ds, fmt.Sprintf(
				`{"live":true,"format":%q,"query":{"type":"records","filters":[{"dimension":"host.name","op":"=","values":["leaf-07"]}]}}`, format))

			sub, err := ds.SubscribeStream(t.Context(), &backend.SubscribeStreamRequest{Path: path, Data: question})
			if err != nil || sub.Status != backend.SubscribeStreamStatusOK {
				t.Fatalf("subscribe = %v, %v", sub, err)
			}
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			out, ended := make(packets, 10), make(chan error, 1)
			go func() {
				ended <- ds.RunStream(ctx, &backend.RunStreamRequest{Path: path, Data: question}, backend.NewStreamSender(out))
			}()
			// Until the stream has looked once, what is new can't be told: send
			// one crash after the other until it tells of one.
			got := firstSent(t, out, func(i int) {
				fill(t, url, []crash.Record{crashNow(now, 7, i), crashNow(now, 3, i)}, nil)
			})
			if len(got.Fields) != len(first.Fields) {
				t.Fatalf("%d fields follow %d", len(got.Fields), len(first.Fields))
			}
			for i, field := range got.Fields {
				if field.Name != first.Fields[i].Name || field.Type() != first.Fields[i].Type() {
					t.Errorf("field %d is %s %s, was %s %s", i, field.Name, field.Type(), first.Fields[i].Name, first.Fields[i].Type())
				}
			}
			for row := range got.Rows() {
				if text := fmt.Sprint(got.RowCopy(row)...); format == "table" && !contains(got, row, "leaf-07") {
					t.Errorf("row %d is not of leaf-07: %s", row, text)
				}
			}
			cancel()
			if err := <-ended; !errors.Is(err, context.Canceled) {
				t.Errorf("RunStream = %v, want the end that was asked for", err)
			}
		})
	}
}

func contains(f *data.Frame, row int, text string) bool {
	for _, field := range f.Fields {
		if v, ok := field.At(row).(string); ok && v == text {
			return true
		}
	}
	return false
}

// firstSent feeds an archive until the stream sends a frame.
func firstSent(t *testing.T, out packets, feed func(i int)) *data.Frame {
	t.Helper()
	deadline := time.After(time.Minute)
	for i := 1; ; i++ {
		feed(i)
		select {
		case f := <-out:
			return f
		case <-time.After(500 * time.Millisecond):
		case <-deadline:
			t.Fatal("the stream sent nothing in a minute")
		}
	}
}

func crashNow(at time.Time, host, n int) crash.Record {
	r := returnToNull()
	r.Time, r.Host.Name, r.Source = at, fmt.Sprintf("leaf-%02d", host), crash.SourceCore
	r.Complete("test", fmt.Sprint(n))
	return r
}

// TestFeedSendsEveryCrashOnce looks again and again at an archive to which
// crashes are added late and in any order.
func TestFeedSendsEveryCrashOnce(t *testing.T) {
	now := time.Now().UTC().Truncate(time.Second)
	url := startArchiveAt(t, now)
	fill(t, url, []crash.Record{crashNow(now, 1, 0)}, nil)
	c, err := query.NewClient(url, nil)
	if err != nil {
		t.Fatal(err)
	}
	sent := map[string]int{}
	f := feed{archive: c, live: live{}, send: func(f *data.Frame) error {
		ids, _ := f.FieldByName("crash.id")
		for row := range ids.Len() {
			sent[fmt.Sprint(ids.At(row))]++
		}
		return nil
	}}
	want := 0
	for i := range 6 {
		if err := f.look(t.Context()); err != nil {
			t.Fatal(err)
		}
		if i%2 == 0 {
			late := time.Duration(i*7) * time.Minute
			fill(t, url, []crash.Record{crashNow(now.Add(-late), 2, i), crashNow(now.Add(-2*time.Hour), 3, i)}, nil)
			want++ // the other one is too late to be live
		}
	}
	if err := f.look(t.Context()); err != nil {
		t.Fatal(err)
	}
	if len(sent) != want {
		t.Errorf("%d crashes were sent, want %d", len(sent), want)
	}
	for id, times := range sent {
		if times != 1 {
			t.Errorf("crash %s was sent %d times", id, times)
		}
	}
}

// TestChannelsOfOthersAreRefused tries what a subscriber may not.
func TestChannelsOfOthersAreRefused(t *testing.T) {
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	ds := instance(t, "http://127.0.0.1:1", nil)
	path, err := live{Cluster: "other/x"}.path()
	if err != nil {
		t.Fatal(err)
	}
	for name, tt := range map[string]struct{ path, question string }{
		"another question": {path, `{"cluster":"other/y"}`},
		"no question":      {path, ``},
		"unknown path":     {"clusters/x", `{}`},
		"wrong question":   {mustPath(t, live{Filters: []query.Filter{{Dimension: "nonsense", Op: "=", Values: []string{"x"}}}}), `{"filters":[{"dimension":"nonsense","op":"=","values":["x"]}]}`},
	} {
		req := &backend.SubscribeStreamRequest{Path: tt.path, Data: json.RawMessage(tt.question)}
		if resp, err := ds.SubscribeStream(t.Context(), req); err != nil || resp.Status != backend.SubscribeStreamStatusNotFound {
			t.Errorf("%s: %v, %v; want not found", name, resp, err)
		}
		if err := ds.RunStream(t.Context(), &backend.RunStreamRequest{Path: tt.path, Data: req.Data}, nil); !errors.Is(err, query.ErrInvalid) {
			t.Errorf("%s: RunStream = %v", name, err)
		}
	}
	personal := instance(t, "http://127.0.0.1:1", func(s *backend.DataSourceInstanceSettings) { s.JSONData = []byte(`{"oauthPassThru":true}`) })
	resp, err := personal.SubscribeStream(t.Context(), &backend.SubscribeStreamRequest{Path: path, Data: json.RawMessage(`{"cluster":"other/x"}`)})
	if err != nil || resp.Status != backend.SubscribeStreamStatusPermissionDenied {
		t.Errorf("with forwarded sign-in: %v, %v; want permission denied", resp, err)
	}
	if resp, err := ds.PublishStream(t.Context(), &backend.PublishStreamRequest{Path: path}); err != nil || resp.Status != backend.PublishStreamStatusPermissionDenied {
		t.Errorf("publish: %v, %v; want permission denied", resp, err)
	}
}

func mustPath(t *testing.T, l live) string {
	t.Helper()
	path, err := l.path()
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// TestLiveColumnsAreFields holds the table's columns to the record's fields.
func TestLiveColumnsAreFields(t *testing.T) {
	if n := len(liveTable(nil).Fields); n != 11 {
		t.Errorf("%d columns, want 11: a name in liveTable is no field of a record", n)
	}
}
