package api

import (
	"fmt"
	"net/http"

	"github.com/epicurve/epicurve/archive/store"
	"github.com/epicurve/epicurve/pkg/query"
)

// Deletion is the body of POST /api/v1/admin/delete.
type Deletion struct {
	// Select says which crashes, by range, filters, cluster and suppression.
	Select query.Request `json:"select"`
	// Expect is the number of crashes that a dry run found. Without it the
	// request is a dry run; with another number than is found now, nothing
	// is deleted.
	Expect *int64 `json:"expect,omitempty"`
}

// Deleted answers it.
type Deleted struct {
	Records int64 `json:"records" doc:"Crashes that were deleted, or would be."`
	DryRun  bool  `json:"dryRun"`
}

// serveDelete counts what a request selects, and deletes it when the sender knows
// that number.
func (a *API) serveDelete(w http.ResponseWriter, r *http.Request) error {
	d, ok := a.tenant(r.Context()).Store.(store.Deleter)
	if !ok {
		return fmt.Errorf("deletion: %w", store.ErrUnsupported)
	}
	body, err := a.readBody(w, r)
	if err != nil {
		return err
	}
	var in Deletion
	if err := strict(body, &in); err != nil {
		return refuse(http.StatusBadRequest, fmt.Sprintf("the body is not {\"select\":{…},\"expect\":N}: %v", err))
	}
	in.Select.Type = query.TypeRecords
	in.Select.Normalize()
	if err := in.Select.Validate(); err != nil {
		return err
	}
	found, err := d.Delete(r.Context(), in.Select, true)
	if err != nil {
		return err
	}
	if in.Expect == nil {
		return writeJSON(w, Deleted{Records: found.Records, DryRun: true})
	}
	if *in.Expect != found.Records {
		return refuse(http.StatusConflict, fmt.Sprintf("%d crashes are selected, not the %d that are expected; nothing was deleted", found.Records, *in.Expect))
	}
	gone, err := d.Delete(r.Context(), in.Select, false)
	if err != nil {
		return err
	}
	a.audit(r.Context(), "crashes deleted", "records", gone.Records, "from", in.Select.Range.From, "to", in.Select.Range.To,
		"filters", in.Select.Filters, "cluster", in.Select.Cluster, "suppressed", in.Select.Suppressed)
	return writeJSON(w, Deleted{Records: gone.Records})
}
