package api

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"

	"github.com/epicurve/epicurve/pkg/query"
)

// writeAnswer writes an answer as JSON, long lists one item after another, so
// that not the whole text stands in memory. It returns the body when that is
// small enough to be kept, else nil.
func writeAnswer(w http.ResponseWriter, v any) ([]byte, error) {
	w.Header().Set("Content-Type", "application/json")
	out := &bounded{w: w}
	err := encodeAnswer(out, v)
	if err != nil && out.sent {
		// The status is with the client already: break off, so that it does
		// not take a part for the whole.
		panic(http.ErrAbortHandler)
	}
	if err != nil {
		w.Header().Del("Content-Type")
		return nil, err
	}
	if out.long {
		return nil, nil
	}
	return out.kept.Bytes(), nil
}

// bounded writes through, and keeps what was written up to cacheAnswer.
type bounded struct {
	w    io.Writer
	kept bytes.Buffer
	long bool
	sent bool
}

// Write implements [io.Writer].
func (b *bounded) Write(p []byte) (int, error) {
	b.sent = true
	if !b.long && b.kept.Len()+len(p) <= cacheAnswer {
		b.kept.Write(p)
	} else {
		b.long = true
		b.kept = bytes.Buffer{}
	}
	return b.w.Write(p)
}

func encodeAnswer(w io.Writer, v any) error {
	switch v := v.(type) {
	case query.Records:
		items := v.Records
		v.Records = v.Records[:0:0]
		return encodeList(w, v, `"records":[`, len(items), func(i int) any { return &items[i] })
	case query.Timeseries:
		items := v.Series
		v.Series = []query.Series{}
		return encodeList(w, v, `"series":[`, len(items), func(i int) any { return &items[i] })
	default:
		return json.NewEncoder(w).Encode(v)
	}
}

// encodeList writes a value whose list is empty, and the list's items where mark
// ends. Within a text of the value the mark's quotes would be escaped.
func encodeList(w io.Writer, empty any, mark string, n int, part func(int) any) error {
	frame, err := json.Marshal(empty)
	if err != nil {
		return err
	}
	at := bytes.Index(frame, []byte(mark+"]"))
	if at < 0 || n == 0 {
		_, err := w.Write(append(frame, '\n'))
		return err
	}
	at += len(mark)
	if _, err := w.Write(frame[:at]); err != nil {
		return err
	}
	for i := range n {
		item, err := json.Marshal(part(i))
		if err != nil {
			return err
		}
		if i > 0 {
			item = append([]byte{','}, item...)
		}
		if _, err := w.Write(item); err != nil {
			return err
		}
	}
	_, err = w.Write(append(frame[at:], '\n'))
	return err
}
