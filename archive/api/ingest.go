package api

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/epicurve/epicurve/archive/store"
	"github.com/epicurve/epicurve/pkg/crash"
	"github.com/epicurve/epicurve/pkg/otlp"
)

// Content types of OTLP.
const (
	typeProtobuf = "application/x-protobuf"
	typeJSON     = "application/json"
)

// serveLogs takes an OTLP logs request in. The reply comes after the commit.
func (a *API) serveLogs(w http.ResponseWriter, r *http.Request) error {
	release, err := a.admit(r.Context())
	if err != nil {
		return err
	}
	defer release()
	var batch otlp.Batch
	var contentType string
	reason := reasonUnreadable
	err = a.withBody(w, r, func(body []byte) (err error) {
		reason = reasonMalformed
		batch, contentType, err = unmarshalLogs(r, body)
		return err
	})
	if err != nil {
		a.tenant(r.Context()).metrics.refused[reason].Inc()
		return err
	}
	if n := len(batch.Records) + len(batch.Slots) + len(batch.Runs) + len(batch.Refused); n > a.MaxRecords {
		a.tenant(r.Context()).metrics.refused[reasonTooMany].Add(n)
		return refuse(http.StatusRequestEntityTooLarge, fmt.Sprintf("%d log records, at most %d are allowed in one request", n, a.MaxRecords))
	}
	var unknown []unknownCategory
	if batch.Records, unknown, err = a.screen(r.Context(), batch.Records); err != nil {
		return err
	}
	for _, u := range unknown {
		batch.Refused = append(batch.Refused, otlp.Refusal{Index: -1, ID: u.id.String(), Err: u.err})
	}
	if _, err := a.keep(r.Context(), viaOTLP, batch.Records, batch.Slots); err != nil {
		return err
	}
	if _, err := a.keepRuns(r.Context(), batch.Runs); err != nil {
		return err
	}
	a.tenant(r.Context()).metrics.refused[reasonInvalid].Add(len(batch.Refused))
	return writeReply(w, contentType, batch)
}

func unmarshalLogs(r *http.Request, body []byte) (batch otlp.Batch, contentType string, err error) {
	switch contentType = mediaType(r); contentType {
	case typeProtobuf:
		batch, err = otlp.UnmarshalProto(body)
	case typeJSON:
		batch, err = otlp.UnmarshalJSON(body)
	default:
		return otlp.Batch{}, "", refuse(http.StatusUnsupportedMediaType,
			fmt.Sprintf("Content-Type %.60q is not OTLP's; possible are %s and %s", r.Header.Get("Content-Type"), typeProtobuf, typeJSON))
	}
	if err != nil {
		return otlp.Batch{}, "", refuse(http.StatusBadRequest, err.Error())
	}
	return batch, contentType, nil
}

// writeReply says what was refused. A request of which nothing was kept gets the
// status of a bad request, so that the sender doesn't take it for a success.
func writeReply(w http.ResponseWriter, contentType string, batch otlp.Batch) error {
	partial := batch.PartialSuccess()
	body := partial.MarshalProto()
	if contentType == typeJSON {
		var err error
		if body, err = partial.MarshalJSON(); err != nil {
			return err
		}
	}
	w.Header().Set("Content-Type", contentType)
	if len(batch.Refused) > 0 && len(batch.Records)+len(batch.Slots)+len(batch.Runs)+batch.Passed == 0 {
		w.WriteHeader(http.StatusBadRequest)
	}
	w.Write(body) //nolint:errcheck // the client left
	return nil
}

// admit waits for one of the places for requests that are being taken in, which
// bound the memory that bodies use.
func (a *API) admit(ctx context.Context) (release func(), err error) {
	select {
	case a.ingest <- struct{}{}:
		return func() { <-a.ingest }, nil
	case <-ctx.Done():
		return nil, refuse(http.StatusTooManyRequests, "too many requests are being taken in; send it again later")
	}
}

// tolerated is how far ahead of ours a sender's clock may be without a word.
const tolerated = time.Minute

// measureSkew counts records that are dated after their arrival: the sender's
// clock is ahead. They are kept as they are; the store keeps the time of arrival
// beside, so that the skew of every record can be seen.
func (a *API) measureSkew(t *tenant, records []crash.Record) {
	now := a.now()
	var worst *crash.Record
	n := 0
	for i := range records {
		if r := &records[i]; r.Time.Sub(now) > tolerated {
			n++
			if worst == nil || r.Time.After(worst.Time) {
				worst = r
			}
		}
	}
	if n > 0 {
		t.metrics.ahead.Add(n)
		a.Logger.Warn("Records are dated after their arrival; a clock is ahead", "tenant", t.name, "records", n, "host", worst.Host.Name, "ahead", worst.Time.Sub(now).Round(time.Second))
	}
}

// keep stores a batch. A store that fails is unavailable: nothing is lost, for
// the sender keeps what was not acknowledged.
func (a *API) keep(ctx context.Context, via string, records []crash.Record, slots []crash.Exposure) (store.Appended, error) {
	t := a.tenant(ctx)
	ctx, span := child(ctx, "commit")
	defer span.End()
	done, err := t.Store.Append(ctx, records)
	if err != nil {
		t.metrics.refused[reasonStore].Add(len(records))
		return store.Appended{}, err
	}
	a.measureSkew(t, records)
	t.metrics.ingested[via].Add(done.Added)
	t.metrics.duplicates[via].Add(done.Duplicates)
	exposed, err := t.Store.AppendExposure(ctx, slots)
	if err != nil {
		t.metrics.refused[reasonStore].Add(len(slots))
		return store.Appended{}, err
	}
	t.metrics.exposed.Add(exposed.Added)
	return done, nil
}
