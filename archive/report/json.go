package report

import (
	"encoding/json"
	"io"
)

// writeJSON writes everything that a report was made of.
func writeJSON(w io.Writer, r *Report) error {
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	return enc.Encode(r)
}
