package api

import (
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/epicurve/epicurve/archive/ledger"
	"github.com/epicurve/epicurve/archive/store"
	"github.com/epicurve/epicurve/pkg/crash"
	"github.com/epicurve/epicurve/pkg/query"
)

// serveRuns takes runs of AI workflows in, as JSON lines or CSV.
func (a *API) serveRuns(w http.ResponseWriter, r *http.Request) error {
	release, err := a.admit(r.Context())
	if err != nil {
		return err
	}
	defer release()
	parse := parseRunLines
	switch mediaType(r) {
	case "text/csv":
		parse = parseRunCSV
	case "application/x-ndjson", "application/jsonl", typeJSON, "text/plain":
	default:
		return refuse(http.StatusUnsupportedMediaType,
			fmt.Sprintf("Content-Type %.60q: possible are application/x-ndjson (one JSON object a line) and text/csv", r.Header.Get("Content-Type")))
	}
	var runs []crash.Runs
	var refused []query.FieldError
	err = a.withBody(w, r, func(body []byte) (err error) {
		runs, refused, err = parse(body)
		return err
	})
	if err != nil {
		return err
	}
	if len(runs)+len(refused) > a.MaxRecords {
		return tooMany(a.MaxRecords)
	}
	done, err := a.keepRuns(r.Context(), runs)
	if err != nil {
		return err
	}
	a.tenant(r.Context()).metrics.refused[reasonInvalid].Add(len(refused))
	named := refused[:min(len(refused), maxRefusals)]
	if len(refused) > 0 && len(runs) == 0 {
		return &problem{Status: http.StatusBadRequest, Detail: fmt.Sprintf("all %d slots of runs were refused", len(refused)), Errors: named}
	}
	return writeJSON(w, Accepted{Added: done.Added, Duplicates: done.Duplicates, Refused: named})
}

// keepRuns stores runs, in a store that keeps them.
func (a *API) keepRuns(ctx context.Context, runs []crash.Runs) (store.Appended, error) {
	if len(runs) == 0 {
		return store.Appended{}, nil
	}
	keeper, ok := a.tenant(ctx).Store.(store.Runs)
	if !ok {
		return store.Appended{}, fmt.Errorf("runs of workflows: %w", store.ErrUnsupported)
	}
	return keeper.AppendRuns(ctx, runs)
}

func parseRunLines(body []byte) (runs []crash.Runs, refused []query.FieldError, _ error) { //nolint:unparam // the CSV's reader has an error
	line := 0
	for text := range bytes.Lines(body) {
		line++
		if text = bytes.TrimSpace(text); len(text) == 0 {
			continue
		}
		var r crash.Runs
		err := json.Unmarshal(text, &r)
		if err == nil {
			err = r.Validate()
		}
		if err != nil {
			refused = append(refused, onLine(line, err))
			continue
		}
		runs = append(runs, r)
	}
	return runs, refused, nil
}

func parseRunCSV(body []byte) (runs []crash.Runs, refused []query.FieldError, err error) {
	in := csv.NewReader(bytes.NewReader(body))
	header, err := in.Read()
	if err != nil {
		return nil, nil, refuse(http.StatusBadRequest, fmt.Sprintf("CSV header: %v", err))
	}
	header[0] = strings.TrimPrefix(header[0], "\ufeff")
	for {
		cells, err := in.Read()
		if errors.Is(err, io.EOF) {
			return runs, refused, nil
		}
		if err != nil {
			return nil, nil, refuse(http.StatusBadRequest, fmt.Sprintf("CSV: %v", err))
		}
		var r crash.Runs
		for i, name := range header {
			if err = r.Set(name, cells[i]); err != nil {
				break
			}
		}
		if err == nil {
			err = r.Validate()
		}
		if err != nil {
			line, _ := in.FieldPos(0)
			refused = append(refused, onLine(line, err))
			continue
		}
		runs = append(runs, r)
	}
}

// serveCategories lists the categories of failures of AI workflows.
func (a *API) serveCategories(w http.ResponseWriter, r *http.Request) error {
	events, err := a.tenant(r.Context()).Store.LedgerEvents(r.Context())
	if err != nil {
		return err
	}
	return writeJSON(w, query.Categories{Categories: ledger.Fold(events).Categories()})
}
