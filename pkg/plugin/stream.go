package plugin

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/backend"
	"github.com/grafana/grafana-plugin-sdk-go/backend/log"
	"github.com/grafana/grafana-plugin-sdk-go/data"

	"github.com/epicurve/epicurve/pkg/crash"
	"github.com/epicurve/epicurve/pkg/query"
)

// Crashes arrive late: the exporter waits until a core is complete, the spool
// may have to wait for the archive. A channel therefore looks back over liveSpan
// of crash times whenever the archive holds more crashes than before, and sends
// those that it has not sent yet.
const (
	liveSpan    = time.Hour
	livePause   = 2 * time.Second  // between looks
	livePatient = 30 * time.Second // the longest pause, while the archive does not answer
	maxLiveRows = 1000             // a look
)

var _ backend.StreamHandler = (*Datasource)(nil)

// SubscribeStream lets anybody who may query the data source listen. A data
// source that forwards its viewers' sign-in has no channels: one viewer's
// rights would decide what all the others see.
func (d *Datasource) SubscribeStream(ctx context.Context, req *backend.SubscribeStreamRequest) (*backend.SubscribeStreamResponse, error) {
	if d.personal {
		return &backend.SubscribeStreamResponse{Status: backend.SubscribeStreamStatusPermissionDenied}, nil
	}
	if _, err := d.listen(req.Path, req.Data); err != nil {
		log.DefaultLogger.FromContext(ctx).Debug("subscription refused", "path", req.Path, "error", err)
		return &backend.SubscribeStreamResponse{Status: backend.SubscribeStreamStatusNotFound}, nil
	}
	return &backend.SubscribeStreamResponse{Status: backend.SubscribeStreamStatusOK}, nil
}

// PublishStream refuses: crashes come from exporters.
func (d *Datasource) PublishStream(context.Context, *backend.PublishStreamRequest) (*backend.PublishStreamResponse, error) {
	return &backend.PublishStreamResponse{Status: backend.PublishStreamStatusPermissionDenied}, nil
}

// RunStream sends new crashes to a channel until its last listener left.
func (d *Datasource) RunStream(ctx context.Context, req *backend.RunStreamRequest, sender *backend.StreamSender) error {
	l, err := d.listen(req.Path, req.Data)
	if err != nil {
		return err
	}
	defer d.metrics.Listen()()
	f := feed{archive: d.archive, live: l, send: func(f *data.Frame) error {
		d.metrics.Sent(f.Rows())
		return sender.SendFrame(f, data.IncludeAll)
	}}
	pause := livePause
	for {
		switch err := f.look(ctx); {
		case ctx.Err() != nil:
			return ctx.Err() //nolint:wrapcheck // Grafana ended it
		case errors.Is(err, errSend):
			return err
		case err != nil:
			log.DefaultLogger.FromContext(ctx).Debug("archive does not answer a live channel", "error", err)
			pause = min(2*pause, livePatient)
		default:
			pause = livePause
		}
		select {
		case <-ctx.Done():
			return ctx.Err() //nolint:wrapcheck // Grafana ended it
		case <-time.After(pause):
		}
	}
}

// listen reads what a channel shows and checks that it is that channel's.
func (d *Datasource) listen(path string, question json.RawMessage) (live, error) {
	if d.broken != nil {
		return live{}, d.broken
	}
	var l live
	if err := json.Unmarshal(question, &l); err != nil {
		return live{}, fmt.Errorf("%w: live question: %w", query.ErrInvalid, err)
	}
	want, err := l.path()
	if err != nil {
		return live{}, err
	}
	if path != want || !strings.HasPrefix(path, livePrefix) {
		return live{}, fmt.Errorf("%w: channel %q is not the one of its question", query.ErrInvalid, path)
	}
	now := time.Now()
	if _, err := l.request(now.Add(-liveSpan), now); err != nil {
		return live{}, err
	}
	return l, nil
}

// errSend is wrapped when Grafana does not take frames any more.
var errSend = errors.New("live channel")

// feed is one running channel.
type feed struct {
	archive *query.Client
	live    live
	send    func(*data.Frame) error

	begun   bool
	records int64             // in the archive at the last look
	sent    map[crash.ID]bool // among those of the last look
}

// look sends the crashes that are new since the last look. The first look sends
// nothing: the panel has asked for what was there.
func (f *feed) look(ctx context.Context) error {
	st, err := f.archive.Status(ctx)
	if err != nil {
		return err
	}
	if f.begun && st.Records == f.records {
		return nil
	}
	// The archive's clock, because crashes are compared with its records; a
	// minute more for hosts whose clocks are ahead.
	req, err := f.live.request(st.Now.Add(-liveSpan), st.Now.Add(time.Minute))
	if err != nil {
		return err
	}
	answer, err := f.archive.Records(ctx, req)
	if err != nil {
		return err
	}
	seen := make(map[crash.ID]bool, len(answer.Records))
	var fresh []crash.Record
	for _, r := range answer.Records {
		seen[r.ID] = true
		if f.begun && !f.sent[r.ID] {
			fresh = append(fresh, r)
		}
	}
	if len(fresh) > 0 {
		frame, err := f.live.frame(fresh)
		if err != nil {
			return err
		}
		if err := f.send(frame); err != nil {
			return fmt.Errorf("%w: %w", errSend, err)
		}
	}
	f.begun, f.records, f.sent = true, st.Records, seen
	return nil
}
