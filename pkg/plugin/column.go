package plugin

import (
	"encoding/json"
	"math"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/data"
)

// column is a table's column: a name for machines, one for people, and what it
// holds of every row. No rows make an empty column of the same type.
func column[R, T any](name, display string, rows []R, of func(R) T) *data.Field {
	values := make([]T, len(rows))
	for i, r := range rows {
		values[i] = of(r)
	}
	f := data.NewField(name, nil, values)
	f.Config = &data.FieldConfig{DisplayNameFromDS: display}
	return f
}

// filterable marks a column whose cells can become filters.
func filterable(f *data.Field) *data.Field {
	yes := true
	f.Config.Filterable = &yes
	return f
}

// known returns nil for a time that is not known.
func known(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

// finite returns nil for a number that panels can't show.
func finite[F ~float64](v F) *float64 {
	f := float64(v)
	if math.IsInf(f, 0) || math.IsNaN(f) {
		return nil
	}
	return &f
}

// list prints values as a JSON array; nothing is an empty one.
func list[T any](values []T) json.RawMessage {
	b, err := json.Marshal(append([]T{}, values...))
	if err != nil {
		return json.RawMessage("[]") // texts and integers are printable
	}
	return b
}
