package deploys

import (
	"encoding/json"
	"fmt"
	"net/http"
	"path"
	"slices"
	"strings"
	"time"
)

// fluxEvent is the part of an event of Flux's notification-controller
// (events/v1beta1) that is read.
type fluxEvent struct {
	InvolvedObject struct {
		Kind      string `json:"kind"`
		Namespace string `json:"namespace"`
		Name      string `json:"name"`
	} `json:"involvedObject"`
	Severity  string            `json:"severity"`
	Timestamp time.Time         `json:"timestamp"`
	Message   string            `json:"message"`
	Reason    string            `json:"reason"`
	Metadata  map[string]string `json:"metadata"`
}

// fluxSuccess are the reasons of a finished deployment.
var fluxSuccess = []string{"ReconciliationSucceeded", "InstallSucceeded", "UpgradeSucceeded", "RollbackSucceeded"}

// flux reads an event of a Kustomization or HelmRelease. The Alert's
// eventMetadata may give build, service, environment and fixes.
func flux(_ http.Header, body []byte) (Told, error) {
	var e fluxEvent
	if err := json.Unmarshal(body, &e); err != nil {
		return Told{}, fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	if !slices.Contains(fluxSuccess, e.Reason) {
		return Told{}, fmt.Errorf("%w: the reason %.40q is none of %v", ErrIgnored, e.Reason, fluxSuccess)
	}
	meta := func(name string) string {
		for key, value := range e.Metadata {
			if key == name || path.Base(key) == name {
				return value
			}
		}
		return ""
	}
	revision := meta("revision")
	t := Told{Text: cut(e.Message)}
	t.At, t.Service, t.Environment = e.Timestamp.UTC(), meta("service"), meta("environment")
	if t.Service == "" {
		t.Service = e.InvolvedObject.Name
	}
	if t.Environment == "" {
		t.Environment = meta("cluster")
	}
	t.Build = revision
	if _, digest, ok := strings.Cut(revision, "@"); ok { // main@sha1:…, latest@sha256:…
		_, t.Build, _ = strings.Cut(digest, ":")
	}
	t.Aliases = append(short(t.Build), revision, meta("app-version"), meta("appVersion"))
	if build := meta("build"); build != "" {
		t.Aliases = append(t.Aliases, t.Build)
		t.Build = build
	}
	for fix := range strings.SplitSeq(meta("fixes"), "\n") {
		if fix = strings.TrimSpace(fix); fix != "" {
			t.Fixes = append(t.Fixes, fix)
		}
	}
	// Flux tells of the same revision again whenever it reconciles.
	t.once = []string{e.InvolvedObject.Kind, e.InvolvedObject.Namespace, e.InvolvedObject.Name, t.Environment, t.Build, revision}
	return t, nil
}
