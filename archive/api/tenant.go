package api

import (
	"context"
	"errors"
	"io"
	"net/http"

	"github.com/epicurve/epicurve/archive/store"
	"github.com/epicurve/epicurve/archive/tenants"
	"github.com/epicurve/epicurve/pkg/query"
)

// Tenant is what the requests of one tenant are served from.
type Tenant struct {
	Store store.Store
	// Answers holds further question types that are answered by more than
	// the store, such as verdicts.
	Answers map[query.Type]Answer
	// Gauges writes further metrics, in Prometheus' text format, such as the
	// states of clusters.
	Gauges func(ctx context.Context, w io.Writer) error
	// Relapses returns an event for each cluster that relapsed; nil for never.
	Relapses func(ctx context.Context) ([]query.LedgerEvent, error)
}

// Tenants opens the stores of tenants. done ends the use of one.
type Tenants interface {
	Use(ctx context.Context, name string) (t *Tenant, done func(), err error)
}

// tenant is a Tenant with what the API keeps of it.
type tenant struct {
	name string // "" for the default one
	*Tenant
	answers map[query.Type]Answer
	metrics *telemetry
}

func newTenant(name string, t *Tenant, metrics *telemetry) *tenant {
	return &tenant{name: name, Tenant: t, answers: answersOf(t), metrics: metrics}
}

type tenantKey struct{}

// tenant returns the one that a request is about; only enter puts another than
// the default one into a context.
func (a *API) tenant(ctx context.Context) *tenant {
	if t, ok := ctx.Value(tenantKey{}).(*tenant); ok {
		return t
	}
	return a.main
}

// enter gives a request the store of its token's tenant. Nothing else chooses a
// store, so that no question can reach another tenant's.
func (a *API) enter(req *http.Request) (*http.Request, func(), error) {
	name := identity(req.Context()).Tenant
	if name == "" {
		return req, func() {}, nil
	}
	if a.Tenants == nil {
		return nil, nil, refuse(http.StatusServiceUnavailable, "the archive's storage keeps no tenants apart")
	}
	opened, done, err := a.Tenants.Use(req.Context(), name)
	if errors.Is(err, tenants.ErrBusy) || errors.Is(err, tenants.ErrClosed) {
		return nil, nil, refuse(http.StatusServiceUnavailable, err.Error())
	}
	if err != nil {
		return nil, nil, err
	}
	t := newTenant(name, opened, a.telemetryOf(name))
	return req.WithContext(context.WithValue(req.Context(), tenantKey{}, t)), done, nil
}

// telemetryOf returns the counters of a tenant, which outlive its store's being
// closed for others.
func (a *API) telemetryOf(name string) *telemetry {
	a.counting.Lock()
	defer a.counting.Unlock()
	t := a.counters[name]
	if t == nil {
		t = newTelemetry()
		a.counters[name] = t
	}
	return t
}
