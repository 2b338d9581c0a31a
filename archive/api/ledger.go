package api

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"github.com/google/uuid"

	"github.com/epicurve/epicurve/pkg/crash"
	"github.com/epicurve/epicurve/pkg/query"
)

// maxEvents bounds the events of one request.
const maxEvents = 1000

// serveLedger lists every event of the ledger.
func (a *API) serveLedger(w http.ResponseWriter, r *http.Request) error {
	events, err := a.tenant(r.Context()).Store.LedgerEvents(r.Context())
	if err != nil {
		return err
	}
	if events == nil {
		events = []query.LedgerEvent{}
	}
	return writeJSON(w, query.LedgerEvents{Events: events})
}

// serveLedgerAppend adds events, all or none, and answers with them as they were
// kept: with the id and time that the archive gave to those that had none.
func (a *API) serveLedgerAppend(w http.ResponseWriter, r *http.Request) error {
	body, err := a.readBody(w, r)
	if err != nil {
		return err
	}
	in, err := parseEvents(body)
	if err != nil {
		return err
	}
	for i := range in.Events {
		if err := a.completeEvent(&in.Events[i]); err != nil {
			return err
		}
		in.Events[i].Via = identity(r.Context()).Name
		if err := in.Events[i].Validate(); err != nil {
			return inEvent(i, err)
		}
	}
	if _, err := a.tenant(r.Context()).Store.AppendLedger(r.Context(), in.Events); err != nil {
		return err
	}
	for _, e := range in.Events {
		a.audit(r.Context(), "ledger event added", "id", e.ID, "actor", e.Actor, "action", e.Action, "cluster", e.Cluster)
	}
	return writeJSON(w, in)
}

// parseEvents reads a list of events, or one event, strictly.
func parseEvents(body []byte) (query.LedgerEvents, error) {
	var in query.LedgerEvents
	var keys map[string]json.RawMessage
	err := json.Unmarshal(body, &keys)
	if _, list := keys["events"]; err == nil && list {
		err = strict(body, &in)
	} else if err == nil {
		in.Events = make([]query.LedgerEvent, 1)
		err = strict(body, &in.Events[0])
	}
	switch {
	case err != nil:
		return query.LedgerEvents{}, refuse(http.StatusBadRequest, fmt.Sprintf("the body is neither a ledger event nor {\"events\":[…]}: %v", err))
	case len(in.Events) == 0:
		return query.LedgerEvents{}, &query.FieldError{Field: "events", Message: "is empty"}
	case len(in.Events) > maxEvents:
		return query.LedgerEvents{}, &query.FieldError{Field: "events", Message: fmt.Sprintf("%d events, at most %d are allowed", len(in.Events), maxEvents)}
	}
	return in, nil
}

func strict(body []byte, v any) error {
	dec := json.NewDecoder(bytes.NewReader(body))
	dec.DisallowUnknownFields()
	return dec.Decode(v)
}

// completeEvent gives an event the id and time that it lacks.
func (a *API) completeEvent(e *query.LedgerEvent) error {
	if e.Time.IsZero() {
		e.Time = a.now()
	}
	e.Time = e.Time.UTC().Truncate(time.Microsecond)
	if e.ID.IsZero() {
		id, err := uuid.NewV7()
		if err != nil {
			return fmt.Errorf("new id: %w", err)
		}
		e.ID = crash.ID(id)
	}
	return nil
}

// inEvent says in which event of the list a field is wrong.
func inEvent(i int, err error) error {
	p := asProblem(err)
	for j := range p.Errors {
		p.Errors[j].Field = fmt.Sprintf("events[%d].%s", i, p.Errors[j].Field)
	}
	p.Detail = "the ledger event is not valid"
	return p
}
