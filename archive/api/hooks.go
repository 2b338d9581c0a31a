package api

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"

	"github.com/epicurve/epicurve/archive/access"
	"github.com/epicurve/epicurve/archive/deploys"
	"github.com/epicurve/epicurve/pkg/crash"
)

// Hooked answers a webhook.
type Hooked struct {
	Added int `json:"added" doc:"Events that are new to the ledger; 0 when the payload was delivered before."`
	// Events are the ids of the payload's events.
	Events  []crash.ID `json:"events,omitempty"`
	Ignored string     `json:"ignored,omitempty" doc:"Why the payload tells of no finished deployment."`
}

// serveHook takes a deployment in.
func (a *API) serveHook(w http.ResponseWriter, r *http.Request) error {
	source := r.PathValue("source")
	if !slices.Contains(deploys.Sources(), source) {
		return &problem{Status: http.StatusNotFound, Detail: fmt.Sprintf("%.40q is not one of %v", source, deploys.Sources())}
	}
	body, err := a.readBody(w, r)
	if err != nil {
		return err
	}
	if r, err = a.identifyHook(r, source, body); err != nil {
		a.Logger.Warn("A webhook was refused", "source", source, "from", r.RemoteAddr, "err", err)
		return err
	}
	r, leave, err := a.enter(r)
	if err != nil {
		return err
	}
	defer leave()
	told, err := deploys.Read(source, r.Header, body)
	switch {
	case errors.Is(err, deploys.ErrIgnored):
		return writeJSON(w, Hooked{Ignored: err.Error()})
	case err != nil:
		return refuse(http.StatusBadRequest, err.Error())
	}
	return a.keepDeployment(w, r, told)
}

// identifyHook puts who sent a payload into the context: the webhook whose secret
// signed it, else the token. It returns the request beside an error too.
func (a *API) identifyHook(r *http.Request, source string, body []byte) (*http.Request, error) {
	who, err := a.Hooks.Verify(source, r.Header, body)
	if err == nil {
		return r.WithContext(context.WithValue(r.Context(), identityKey{}, who)), nil
	}
	if a.Access == nil {
		if a.Hooks.Knows(source) {
			return r, &problem{Status: http.StatusUnauthorized, Detail: access.ErrSignature.Error()}
		}
		return r, nil // everybody may do everything
	}
	known, err := a.identify(route{role: access.RoleWrite}, r)
	if err != nil {
		return r, &problem{Status: http.StatusUnauthorized, Detail: access.ErrSignature.Error() + ", and it has no token that may write"}
	}
	return known, nil
}

func (a *API) keepDeployment(w http.ResponseWriter, r *http.Request, told deploys.Told) error {
	events := told.Events(a.now())
	out := Hooked{}
	for i := range events {
		e := &events[i]
		e.Via = identity(r.Context()).Name
		if err := e.Validate(); err != nil {
			return inEvent(i, err)
		}
		out.Events = append(out.Events, e.ID)
	}
	done, err := a.tenant(r.Context()).Store.AppendLedger(r.Context(), events)
	if err != nil {
		return err
	}
	out.Added = done.Added
	if done.Added > 0 {
		a.audit(r.Context(), "deployment added", "source", told.Source, "build", told.Build, "environment", told.Environment, "fixes", told.Fixes)
	}
	return writeJSON(w, out)
}
