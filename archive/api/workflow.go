package api

import (
	"context"
	"fmt"
	"slices"

	"github.com/epicurve/epicurve/archive/ledger"
	"github.com/epicurve/epicurve/pkg/crash"
)

// unknownCategory is a workflow's failure whose category the tenant doesn't know.
type unknownCategory struct {
	at  int // its place among the records
	id  crash.ID
	err error
}

// screen gives failures of workflows their signature, and takes out those whose
// category is not known. Crashes pass as they are.
func (a *API) screen(ctx context.Context, records []crash.Record) (kept []crash.Record, unknown []unknownCategory, err error) {
	if !slices.ContainsFunc(records, func(r crash.Record) bool { return r.IsWorkflow() }) {
		return records, nil, nil
	}
	known := crash.Categories()
	asked := false
	for i := range records {
		r := &records[i]
		if r.IsWorkflow() {
			if !slices.Contains(known, r.Finding.Kind) && !asked {
				if known, err = a.categoryIDs(ctx); err != nil {
					return nil, nil, err
				}
				asked = true
			}
			if refusal := a.checkWorkflow(r, known); refusal != nil {
				unknown = append(unknown, unknownCategory{at: i, id: r.ID, err: refusal})
				continue
			}
		}
		kept = append(kept, *r)
	}
	return kept, unknown, nil
}

func (a *API) checkWorkflow(r *crash.Record, known []crash.Kind) error {
	if !slices.Contains(known, r.Finding.Kind) {
		return fmt.Errorf("%w: workflow.category %.40q is not known; known are %v. Add it with `epicurve-archive ledger category`",
			crash.ErrInvalid, r.Finding.Kind, known)
	}
	if r.Finding.Signature == "" {
		r.Finding.Signature = a.WorkflowKey.Signature(r)
	}
	return r.Validate()
}

func (a *API) categoryIDs(ctx context.Context) ([]crash.Kind, error) {
	events, err := a.tenant(ctx).Store.LedgerEvents(ctx)
	if err != nil {
		return nil, err
	}
	var ids []crash.Kind
	for _, c := range ledger.Fold(events).Categories() {
		ids = append(ids, c.ID)
	}
	return ids, nil
}
