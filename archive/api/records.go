package api

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/epicurve/epicurve/pkg/crash"
	"github.com/epicurve/epicurve/pkg/query"
)

// Accepted answers POST /api/v1/records.
type Accepted struct {
	Added      int                `json:"added"`
	Duplicates int                `json:"duplicates"`
	Refused    []query.FieldError `json:"refused,omitempty" doc:"Lines that were refused, with the reason; lines count from 1."`
}

// maxRefusals bounds the refusals that a reply names one by one.
const maxRefusals = 100

// listSeparator stands between the items of a list in a CSV cell.
const listSeparator = ";"

// serveRecords takes JSON lines or CSV in.
func (a *API) serveRecords(w http.ResponseWriter, r *http.Request) error {
	release, err := a.admit(r.Context())
	if err != nil {
		return err
	}
	defer release()
	via, parse, err := recordsParser(r)
	if err != nil {
		a.tenant(r.Context()).metrics.refused[reasonMalformed].Inc()
		return err
	}
	var records []crash.Record
	var refused []query.FieldError
	reason := reasonUnreadable
	err = a.withBody(w, r, func(body []byte) (err error) {
		reason = reasonMalformed
		records, refused, err = parse(body, a.MaxRecords)
		return err
	})
	if err != nil {
		a.tenant(r.Context()).metrics.refused[reason].Inc()
		return err
	}
	records, unknown, err := a.screen(r.Context(), records)
	if err != nil {
		return err
	}
	for _, u := range unknown {
		refused = append(refused, query.FieldError{Field: "record " + u.id.String(), Message: u.err.Error()})
	}
	done, err := a.keep(r.Context(), via, records, nil)
	if err != nil {
		return err
	}
	a.tenant(r.Context()).metrics.refused[reasonInvalid].Add(len(refused))
	named := refused[:min(len(refused), maxRefusals)]
	if len(refused) > 0 && len(records) == 0 {
		return &problem{Status: http.StatusBadRequest, Detail: fmt.Sprintf("all %d records were refused", len(refused)), Errors: named}
	}
	return writeJSON(w, Accepted{Added: done.Added, Duplicates: done.Duplicates, Refused: named})
}

// recordsParser returns how a body is read, and the name of that way.
func recordsParser(r *http.Request) (via string, parse func([]byte, int) ([]crash.Record, []query.FieldError, error), err error) {
	switch mediaType(r) {
	case "text/csv":
		return viaCSV, parseCSV, nil
	case "application/x-ndjson", "application/jsonl", typeJSON, "text/plain":
		return viaJSON, parseLines, nil
	default:
		return "", nil, refuse(http.StatusUnsupportedMediaType,
			fmt.Sprintf("Content-Type %.60q: possible are application/x-ndjson (one JSON object a line) and text/csv (a header of field names)", r.Header.Get("Content-Type")))
	}
}

// parseLines reads one JSON object a line.
func parseLines(body []byte, limit int) (records []crash.Record, refused []query.FieldError, err error) {
	line := 0
	for text := range bytes.Lines(body) {
		line++
		text = bytes.TrimSpace(text)
		if len(text) == 0 {
			continue
		}
		if len(records)+len(refused) == limit {
			return nil, nil, tooMany(limit)
		}
		var r crash.Record
		err := json.Unmarshal(text, &r)
		if err == nil {
			r.Complete("import")
			err = r.Validate()
		}
		if err != nil {
			refused = append(refused, onLine(line, err))
			continue
		}
		records = append(records, r)
	}
	return records, refused, nil
}

func tooMany(limit int) error {
	return refuse(http.StatusRequestEntityTooLarge, fmt.Sprintf("more than %d records in one request; send them in parts", limit))
}

func onLine(line int, err error) query.FieldError {
	return query.FieldError{Field: fmt.Sprintf("line %d", line), Message: err.Error()}
}

// parseCSV reads a header of field names and one record a line. Columns that are
// no field become further attributes; empty cells are not known.
func parseCSV(body []byte, limit int) (records []crash.Record, refused []query.FieldError, err error) {
	in := csv.NewReader(bytes.NewReader(body))
	in.ReuseRecord = true
	head, err := in.Read()
	if err != nil {
		return nil, nil, refuse(http.StatusBadRequest, fmt.Sprintf("CSV header: %v", err))
	}
	header := append([]string(nil), head...)
	if len(header) > 0 {
		header[0] = strings.TrimPrefix(header[0], "\ufeff")
	}
	for {
		cells, err := in.Read()
		if errors.Is(err, io.EOF) {
			return records, refused, nil
		}
		if len(records)+len(refused) == limit {
			return nil, nil, tooMany(limit)
		}
		line, _ := in.FieldPos(0)
		var r crash.Record
		if err == nil {
			r, err = recordOfCells(header, cells)
		}
		if err != nil {
			if pe, ok := errors.AsType[*csv.ParseError](err); ok {
				line = pe.Line
			}
			refused = append(refused, onLine(line, err))
			if errors.Is(err, csv.ErrQuote) || errors.Is(err, csv.ErrBareQuote) {
				return records, refused, nil // where the next line begins is not known
			}
			continue
		}
		records = append(records, r)
	}
}

func recordOfCells(header, cells []string) (crash.Record, error) {
	var r crash.Record
	for i, name := range header {
		if i >= len(cells) || cells[i] == "" {
			continue
		}
		if err := setCell(&r, name, cells[i]); err != nil {
			return crash.Record{}, err
		}
	}
	r.Complete("import")
	return r, r.Validate()
}

func setCell(r *crash.Record, name, cell string) (err error) {
	switch name {
	case crash.FieldID:
		r.ID, err = crash.ParseID(cell)
		return err
	case crash.FieldTime:
		t, err := time.Parse(time.RFC3339Nano, cell)
		if err != nil {
			return fmt.Errorf("%s %.40q is not an RFC 3339 time, such as 2026-05-01T12:00:00Z", name, cell)
		}
		r.Time = t.UTC().Truncate(time.Microsecond)
		return nil
	case crash.FieldSchemaVersion, crash.FieldClassifierVersion:
		return setVersion(r, name, cell)
	}
	f, ok := crash.FieldByName(crash.IngestName(name))
	switch {
	case !ok:
		if r.Attributes == nil {
			r.Attributes = make(map[string]string)
		}
		r.Attributes[name] = cell
		return nil
	case f.Strings != nil:
		*f.Strings(r) = strings.Split(cell, listSeparator)
		return nil
	default:
		return f.SetText(r, cell)
	}
}

func setVersion(r *crash.Record, name, cell string) error {
	to := &r.SchemaVersion
	if name == crash.FieldClassifierVersion {
		to = &r.ClassifierVersion
	}
	if err := json.Unmarshal([]byte(cell), to); err != nil {
		return fmt.Errorf("%s %.40q is not a whole number", name, cell)
	}
	return nil
}
