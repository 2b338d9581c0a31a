package query

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// Parse reads one request, strictly: an unknown field is an error, so that a
// misspelt filter never widens a question silently. The request is normalized
// and validated; the error is a *FieldError or wraps ErrInvalid.
func Parse(body []byte) (Request, error) {
	var r Request
	dec := json.NewDecoder(bytes.NewReader(body))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&r); err != nil {
		return Request{}, parseError(err)
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return Request{}, fmt.Errorf("%w: more follows after the query's JSON object", ErrInvalid)
	}
	r.Normalize()
	if err := r.Validate(); err != nil {
		return Request{}, err
	}
	return r, nil
}

func parseError(err error) error {
	if te, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		return invalid(te.Field, "is a JSON %s, want %s", te.Value, te.Type)
	}
	if se, ok := errors.AsType[*json.SyntaxError](err); ok {
		return fmt.Errorf("%w: not JSON at byte %d: %w", ErrInvalid, se.Offset, err)
	}
	return fmt.Errorf("%w: %w", ErrInvalid, err)
}
