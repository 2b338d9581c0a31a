package plugin

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/epicurve/epicurve/pkg/query"
)

// maxEvent bounds the body of a ledger event, in bytes.
const maxEvent = 64 << 10

// appendLedger records one event in the archive's ledger, in the name of the
// Grafana user who sent it, whatever the body says. The archive gives it its id
// and time. The message of the answer becomes a toast.
func (d *Datasource) appendLedger(r *http.Request) (any, error) {
	actor, err := writer(r)
	if err != nil {
		return nil, err
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, maxEvent+1))
	if err != nil {
		return nil, fmt.Errorf("%w: body: %w", query.ErrInvalid, err)
	}
	if len(body) > maxEvent {
		return nil, fmt.Errorf("%w: body is larger than %d bytes", query.ErrInvalid, maxEvent)
	}
	var event query.LedgerEvent
	if err := json.Unmarshal(body, &event); err != nil {
		return nil, fmt.Errorf("%w: ledger event: %w", query.ErrInvalid, err)
	}
	event.Actor, event.Time = actor, time.Time{}
	stored, err := d.archive.Append(r.Context(), []query.LedgerEvent{event})
	if err != nil {
		return nil, err
	}
	if len(stored) != 1 {
		return nil, fmt.Errorf("%w: it stored %d events, want 1", query.ErrNotArchive, len(stored))
	}
	return map[string]any{"event": stored[0], "message": confirmation(stored[0])}, nil
}

func confirmation(e query.LedgerEvent) string {
	switch {
	case e.Action == query.ActionFix && e.Fix.Removal:
		return e.Fix.Value + " is marked as removed for " + e.Cluster
	case e.Action == query.ActionFix:
		return "Fix marked for " + e.Cluster
	case e.Action == query.ActionUndo:
		return "Undone"
	default:
		return "The " + string(e.Action) + " of " + e.Cluster + " is noted"
	}
}

// statusOf is the HTTP status that a resource answers an error with.
func statusOf(err error) int {
	if errors.Is(err, errForbidden) {
		return http.StatusForbidden
	}
	status, _ := blame(err)
	return int(status)
}
