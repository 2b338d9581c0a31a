package config

import (
	"errors"
	"fmt"
	"time"
)

// Retention bounds the cores that are kept. Every bound is off at 0; with none
// of them the exporter deletes nothing.
type Retention struct {
	// MaxAge is the age from which on a core is deleted.
	MaxAge Duration `yaml:"max_age"`
	// MaxBytes is the space that the recorded cores of one directory may take.
	MaxBytes Bytes `yaml:"max_bytes"`
	// MinFree is the space that is to be free on a directory's filesystem.
	MinFree Bytes `yaml:"min_free"`
	// MinAge is how long a core is kept in any case, for whoever else wants it.
	MinAge Duration `yaml:"min_age"`
}

// On reports whether anything may be deleted.
func (r *Retention) On() bool { return r.MaxAge != 0 || r.MaxBytes != 0 || r.MinFree != 0 }

func (r *Retention) validate() error {
	errs := []error{between("core.retention.min_age", r.MinAge, time.Second, 365*24*time.Hour)}
	if r.MaxAge != 0 && r.MaxAge < r.MinAge {
		errs = append(errs, fmt.Errorf("core.retention.max_age: %s is less than min_age, %s", time.Duration(r.MaxAge), time.Duration(r.MinAge)))
	}
	if age := time.Duration(r.MaxAge); r.MaxAge != 0 && age < time.Minute {
		errs = append(errs, fmt.Errorf("core.retention.max_age: %s is less than 1m; 0 keeps cores of any age", age))
	}
	for _, bound := range []struct {
		name  string
		bytes Bytes
	}{{"max_bytes", r.MaxBytes}, {"min_free", r.MinFree}} {
		if bound.bytes < 0 || (bound.bytes > 0 && bound.bytes < 1<<20) {
			errs = append(errs, fmt.Errorf("core.retention.%s: %d is less than 1MiB; 0 is no bound", bound.name, bound.bytes))
		}
	}
	return errors.Join(errs...)
}
