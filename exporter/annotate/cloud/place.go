package cloud

import (
	"errors"
	"fmt"
	"regexp"
)

// Place is where a machine stands. Empty parts are unknown.
type Place struct {
	Provider     string `json:"provider,omitempty"` // OpenTelemetry's cloud.provider: aws, gcp or azure
	Region       string `json:"region,omitempty"`
	Zone         string `json:"zone,omitempty"`
	InstanceType string `json:"instanceType,omitempty"`
	InstanceID   string `json:"instanceId,omitempty"`
	PhysicalHost string `json:"physicalHost,omitempty"`
}

// Why a lookup failed.
var (
	// ErrAbsent is wrapped when nobody answers at the address.
	ErrAbsent = errors.New("no metadata server answers")
	// ErrRefused is wrapped when the server answers, but not with metadata.
	ErrRefused = errors.New("the metadata server refuses")
	// ErrGarbage is wrapped when the answer is not what is documented.
	ErrGarbage = errors.New("the metadata server's answer makes no sense")
)

// word is the form of a region, a zone, an instance type and an instance id on
// all three clouds.
var word = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$`)

// physical is the form of a physical host: a path of words on GCE, an id on AWS.
var physical = regexp.MustCompile(`^[A-Za-z0-9/][A-Za-z0-9._/ -]{0,255}$`)

// check believes a place or says which part of it nobody would write.
func (p Place) check() error {
	for _, part := range []struct {
		name, value string
		form        *regexp.Regexp
		needed      bool
	}{
		{"region", p.Region, word, true},
		{"zone", p.Zone, word, false},
		{"instance type", p.InstanceType, word, false},
		{"instance id", p.InstanceID, word, false},
		{"physical host", p.PhysicalHost, physical, false},
	} {
		if part.value == "" && !part.needed {
			continue
		}
		if !part.form.MatchString(part.value) {
			return fmt.Errorf("%w: %s %.80q", ErrGarbage, part.name, part.value)
		}
	}
	return nil
}
