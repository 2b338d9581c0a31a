// Package deploys reads what deployment tools tell of a finished deployment:
// GitHub's deployment_status, Flux's events, Argo CD's notifications. It only
// reads; who may send is somebody else's to know.
package deploys

import (
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/epicurve/epicurve/pkg/crash"
	"github.com/epicurve/epicurve/pkg/query"
)

// ErrIgnored is wrapped for a payload that is understood and tells of no
// finished deployment.
var ErrIgnored = errors.New("ignored")

// ErrMalformed is wrapped for a payload that is not what its source sends.
var ErrMalformed = errors.New("malformed deployment payload")

// Told is what a payload tells.
type Told struct {
	query.Deployment
	Text string
	// Fixes are the keys of clusters that the deployment is said to fix.
	Fixes []string
	// once identifies the deployment within its source, so that a payload
	// that is delivered again is known.
	once []string
}

// reader reads the payload of one source.
type reader func(header http.Header, body []byte) (Told, error)

var readers = map[string]reader{"github": github, "flux": flux, "argocd": argocd}

// Sources lists the sources that are understood.
func Sources() []string { return []string{"github", "argocd", "flux"} }

// Read reads a payload.
func Read(source string, header http.Header, body []byte) (Told, error) {
	read, ok := readers[source]
	if !ok {
		return Told{}, fmt.Errorf("%w: source %.40q is not one of %v", ErrMalformed, source, Sources())
	}
	t, err := read(header, body)
	if err != nil {
		return Told{}, fmt.Errorf("%s: %w", source, err)
	}
	t.Source = source
	t.Fixes = append(t.Fixes, fixLines(t.Text)...)
	slices.Sort(t.Fixes)
	t.Fixes = slices.Compact(t.Fixes)
	t.Aliases = slices.DeleteFunc(t.Aliases, func(a string) bool { return a == "" || a == t.Build })
	slices.Sort(t.Aliases)
	t.Aliases = slices.Compact(t.Aliases)
	if t.Build == "" {
		return Told{}, fmt.Errorf("%s: %w: names no build", source, ErrMalformed)
	}
	if t.At.IsZero() {
		return Told{}, fmt.Errorf("%s: %w: has no time", source, ErrMalformed)
	}
	return t, nil
}

var fixLine = regexp.MustCompile(`(?mi)^[ \t]*fixes:[ \t]*(.+?)[ \t]*$`)

// fixLines finds lines "Fixes: CLUSTER" in a text.
func fixLines(text string) (keys []string) {
	for _, m := range fixLine.FindAllStringSubmatch(text, -1) {
		keys = append(keys, m[1])
	}
	return keys
}

// Events makes the ledger's events of a deployment: the deployment itself, and a
// fix of each cluster that it says it fixes. Their ids are made of the payload,
// so that they are kept once however often it is delivered.
func (t Told) Events(now time.Time) []query.LedgerEvent {
	id := func(about string) crash.ID {
		h := crash.NewHasher("ledger deploy")
		h.Add("source", []byte(t.Source))
		for _, part := range t.once {
			h.Add("once", []byte(part))
		}
		h.Add("about", []byte(about))
		return h.ID()
	}
	d := t.Deployment
	now = now.UTC().Truncate(time.Microsecond)
	events := []query.LedgerEvent{{ID: id(""), Time: now, Actor: t.Source, Action: query.ActionDeploy, Text: t.Text, Deploy: &d}}
	for _, key := range t.Fixes {
		events = append(events, query.LedgerEvent{
			ID: id(key), Time: now, Actor: t.Source, Action: query.ActionFix, Cluster: key, Text: "deployed " + t.Build,
			Fix: &query.Fix{At: t.At, Builds: append([]string{t.Build}, t.Aliases...)},
		})
	}
	return events
}

// cut bounds a text that a tool sent.
func cut(s string) string {
	const most = 1024
	s = strings.ToValidUTF8(s, "\uFFFD")
	if len(s) > most {
		s = strings.ToValidUTF8(s[:most], "")
	}
	return s
}

// short are the customary abbreviations of a commit's hash.
func short(sha string) []string {
	if len(sha) < 40 {
		return nil
	}
	return []string{sha, sha[:12], sha[:7]}
}
