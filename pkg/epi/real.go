package epi

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
)

// Real is a number that may be infinite. In JSON it is a number, or one of the
// texts "Inf" and "-Inf"; NaN, which no function here returns as a Real, would
// be null.
type Real float64

// Inf is positive infinity: a lift when every case has the value, a required
// silence that can't be known.
var inf = Real(math.Inf(1))

// MarshalJSON implements json.Marshaler.
func (r Real) MarshalJSON() ([]byte, error) {
	switch f := float64(r); {
	case math.IsNaN(f):
		return []byte("null"), nil
	case math.IsInf(f, 1):
		return []byte(`"Inf"`), nil
	case math.IsInf(f, -1):
		return []byte(`"-Inf"`), nil
	default:
		return json.Marshal(f)
	}
}

// UnmarshalJSON implements json.Unmarshaler.
func (r *Real) UnmarshalJSON(b []byte) error {
	switch {
	case bytes.Equal(b, []byte(`"Inf"`)), bytes.Equal(b, []byte(`"+Inf"`)):
		*r = inf
		return nil
	case bytes.Equal(b, []byte(`"-Inf"`)):
		*r = -inf
		return nil
	case bytes.Equal(b, []byte("null")):
		*r = Real(math.NaN())
		return nil
	}
	var f float64
	if err := json.Unmarshal(b, &f); err != nil {
		return fmt.Errorf("real number %.20q: want a number, \"Inf\" or \"-Inf\"", b)
	}
	*r = Real(f)
	return nil
}

// IsInf reports whether r is infinite.
func (r Real) IsInf() bool { return math.IsInf(float64(r), 0) }
