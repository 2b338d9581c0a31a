package ship

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"github.com/epicurve/epicurve/exporter/spool"
	"github.com/epicurve/epicurve/pkg/crash"
	"github.com/epicurve/epicurve/pkg/otlp"
)

// delivery is the fate of one batch.
type delivery struct {
	*Shipper
	committed    int
	refused      []byte // JSON lines
	refusedCount int
	after        time.Duration // what the archive asked to wait
}

// deliver sends entries and returns when each is either committed or refused
// for good. An error means that neither is known of some.
func (d *delivery) deliver(ctx context.Context, entries []spool.Entry) error {
	body, n, err := encode(entries)
	if err != nil {
		return d.halve(ctx, entries, err.Error())
	}
	if n == 0 {
		return nil // nothing but damaged entries
	}
	rep, err := d.client.send(ctx, body)
	if err != nil {
		d.observer.Requested("unreachable")
		return err
	}
	if rep.skewKnown {
		d.observer.Skew(rep.skew)
	}
	switch {
	case rep.otlp && rep.status/100 == 2 && rep.refused.Rejected == 0:
		d.observer.Requested("ok")
		d.committed += n
		return nil
	case rep.otlp && (rep.status/100 == 2 || rep.status == http.StatusBadRequest || rep.status == http.StatusUnprocessableEntity),
		rep.status == http.StatusRequestEntityTooLarge && (rep.otlp || len(entries) > 1):
		d.observer.Requested("refused")
		return d.halve(ctx, entries, rep.reason())
	case !rep.otlp && (rep.status/100 == 2 || rep.status == http.StatusBadRequest):
		// A proxy, a login page, another server: it has committed nothing,
		// and its refusal is not the archive's.
		d.observer.Requested("retry")
		return fmt.Errorf("the answer is not that of an archive, see archive.url: %s: %w", rep.reason(), errRetry)
	default:
		d.observer.Requested("retry")
		d.after = rep.after
		return fmt.Errorf("archive answered %s: %w", rep.reason(), errRetry)
	}
}

// halve finds what is refused by sending each half alone; a single entry is
// set aside with the reason. What was committed before is sent again, which is
// harmless.
func (d *delivery) halve(ctx context.Context, entries []spool.Entry, reason string) error {
	if len(entries) == 1 {
		d.setAside(entries[0], reason)
		return nil
	}
	half := len(entries) / 2
	if err := d.deliver(ctx, entries[:half]); err != nil {
		return err
	}
	return d.deliver(ctx, entries[half:])
}

// undecodable sets aside the entries whose bytes are intact and make no sense to
// this build, such as after a downgrade.
func (d *delivery) undecodable(entries []spool.Entry) {
	for _, e := range entries {
		if e.Damage == "" {
			continue
		}
		d.note(e, "cannot be decoded: "+e.Damage)
		d.logger.Error("An entry of the spool cannot be decoded and will not reach the archive", "seq", e.Seq, "reason", e.Damage)
	}
}

// setAside writes the line of one refused entry.
func (d *delivery) setAside(e spool.Entry, reason string) {
	d.note(e, reason)
	id := ""
	if e.Record != nil {
		id = e.Record.ID.String()
	}
	d.logger.Error("The archive refused a record for good; it is kept in refused.jsonl", "id", id, "seq", e.Seq, "reason", reason)
}

func (d *delivery) note(e spool.Entry, reason string) {
	line, err := json.Marshal(struct {
		Reason  string      `json:"reason"`
		Refused time.Time   `json:"refused"`
		Entry   spool.Entry `json:"entry"`
	}{reason, time.Now().UTC(), e})
	if err != nil {
		line = fmt.Appendf(nil, `{"reason":%q,"seq":%d}`, reason, e.Seq)
	}
	d.refused = append(append(d.refused, line...), '\n')
	d.refusedCount++
}

// reason describes a reply in one line.
func (r *reply) reason() string {
	text := fmt.Sprintf("%d %s", r.status, http.StatusText(r.status))
	switch {
	case r.refused.Message != "":
		text += ": " + r.refused.Message
	case r.text != "":
		text += ": " + r.text
	}
	if id := r.trace.String(); id != "" {
		text += " (trace " + id + ")"
	}
	return text
}

// encode makes the OTLP request of entries and counts what is in it.
func encode(entries []spool.Entry) (body []byte, n int, err error) {
	var records []crash.Record
	var slots []crash.Exposure
	for _, e := range entries {
		switch {
		case e.Record != nil:
			records = append(records, *e.Record)
		case e.Exposure != nil:
			slots = append(slots, *e.Exposure)
		}
	}
	if n = len(records) + len(slots); n == 0 {
		return nil, 0, nil
	}
	body, err = otlp.Marshal(records, slots)
	return body, n, err
}
