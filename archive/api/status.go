package api

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/epicurve/epicurve/pkg/query"
)

// serveStatus says what the archive is and how much it holds.
func (a *API) serveStatus(w http.ResponseWriter, r *http.Request) error {
	status, err := a.statusOf(r.Context(), a.tenant(r.Context()))
	if err != nil {
		return err
	}
	return writeJSON(w, status)
}

func (a *API) statusOf(ctx context.Context, t *tenant) (query.Status, error) {
	st, err := t.Store.Stats(ctx)
	return query.Status{Version: a.Version, Storage: a.Storage, Records: st.Records, Exposure: st.Exposure, Now: a.now().UTC()}, err
}

func (a *API) serveHealthy(w http.ResponseWriter, _ *http.Request) error {
	fmt.Fprintln(w, "Healthy.")
	return nil
}

// readyTimeout is how long a store may take to count itself and be called ready.
const readyTimeout = 5 * time.Second

func (a *API) serveReady(w http.ResponseWriter, r *http.Request) error {
	if a.draining.Load() {
		return refuse(http.StatusServiceUnavailable, "the archive is shutting down")
	}
	ctx, cancel := context.WithTimeout(r.Context(), readyTimeout)
	defer cancel()
	began := time.Now()
	if _, err := a.main.Store.Stats(ctx); err != nil {
		return err
	}
	fmt.Fprintf(w, "Ready.\nstorage: %s, answered in %s\n", a.Storage, time.Since(began).Round(time.Microsecond))
	fmt.Fprintf(w, "requests being taken in: %d of %d\n", len(a.ingest), cap(a.ingest))
	if t, ok := a.Tenants.(interface{ Open() int }); ok {
		fmt.Fprintf(w, "tenants open: %d\n", t.Open())
	}
	fmt.Fprintf(w, "version: %s\n", a.Version)
	return nil
}
