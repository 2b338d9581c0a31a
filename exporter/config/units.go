package config

import (
	"fmt"
	"strconv"
	"time"

	"github.com/alecthomas/units"
	"github.com/prometheus/common/model"
)

// Duration is written as Prometheus writes durations: 30s, 5m, 1h30m.
type Duration time.Duration

// UnmarshalText implements [encoding.TextUnmarshaler].
func (d *Duration) UnmarshalText(b []byte) error {
	v, err := model.ParseDuration(string(b))
	if err != nil {
		return fmt.Errorf("%.40q is not a duration such as 500ms, 30s or 5m", b)
	}
	*d = Duration(v)
	return nil
}

// MarshalText implements [encoding.TextMarshaler].
func (d Duration) MarshalText() ([]byte, error) { return []byte(model.Duration(d).String()), nil }

// Bytes is a size: a plain number, or one with a unit such as 256MiB.
type Bytes int64

// UnmarshalText implements [encoding.TextUnmarshaler].
func (n *Bytes) UnmarshalText(b []byte) error {
	if v, err := strconv.ParseInt(string(b), 10, 64); err == nil {
		*n = Bytes(v)
		return nil
	}
	v, err := units.ParseBase2Bytes(string(b))
	if err != nil {
		return fmt.Errorf("%.40q is not a size such as 1048576 or 256MiB", b)
	}
	*n = Bytes(v)
	return nil
}

// MarshalText implements [encoding.TextMarshaler].
func (n Bytes) MarshalText() ([]byte, error) { return []byte(strconv.FormatInt(int64(n), 10)), nil }
