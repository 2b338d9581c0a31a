package grafana

import (
	"errors"
	"fmt"
	"html"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/epicurve/epicurve/pkg/crash"
	"github.com/epicurve/epicurve/pkg/query"
)

// annotation is one of the answer of GET /api/annotations. Times are in
// milliseconds since 1970.
type annotation struct {
	ID      int64    `json:"id"`
	Time    int64    `json:"time"`
	TimeEnd int64    `json:"timeEnd"`
	Created int64    `json:"created"`
	Login   string   `json:"login"`
	Email   string   `json:"email"`
	Text    string   `json:"text"`
	Tags    []string `json:"tags"`
}

// Tags of an annotation. The key of a cluster may also stand alone, or behind
// "cluster:". A place is one of host, region or build.
const (
	tagFix     = "fix"
	tagRemoval = "removal"
	tagCluster = "cluster:"
)

var placeTags = map[string]string{"host:": "host.name", "region:": "cloud.region", "build:": "service.version"}

// events makes a fix of each cluster that the tags name. Their ids are made of
// Grafana's address and the annotation's id: what is changed in Grafana later is
// not read again.
func (a annotation) events(grafana string, now time.Time) ([]query.LedgerEvent, error) {
	if !slices.Contains(a.Tags, tagFix) {
		return nil, nil
	}
	fix, clusters, err := a.fix()
	if err != nil {
		return nil, err
	}
	at := time.UnixMilli(a.Created).UTC()
	if a.Created == 0 {
		at = now.UTC().Truncate(time.Microsecond)
	}
	var events []query.LedgerEvent
	for _, key := range clusters {
		h := crash.NewHasher("ledger grafana")
		h.Add("grafana", []byte(grafana))
		h.Add("annotation", []byte(strconv.FormatInt(a.ID, 10)))
		h.Add("cluster", []byte(key))
		own := fix
		e := query.LedgerEvent{ID: h.ID(), Time: at, Actor: a.who(), Cluster: key, Action: query.ActionFix, Text: plain(a.Text), Fix: &own, Via: "grafana"}
		if err := e.Validate(); err != nil {
			return events, err
		}
		events = append(events, e)
	}
	return events, nil
}

// fix reads the tags. A region in time ends when the fix was rolled out.
func (a annotation) fix() (fix query.Fix, clusters []string, err error) {
	fix.At = time.UnixMilli(max(a.Time, a.TimeEnd)).UTC()
	for _, tag := range a.Tags {
		tag = strings.TrimSpace(tag)
		if tag == tagFix {
			continue
		}
		if tag == tagRemoval {
			fix.Removal = true
			continue
		}
		if key, ok := strings.CutPrefix(tag, tagCluster); ok {
			clusters = append(clusters, strings.TrimSpace(key))
			continue
		}
		if _, signature, err := query.ParseCluster(tag); err == nil && signature != "" {
			clusters = append(clusters, tag)
			continue
		}
		for prefix, dimension := range placeTags {
			value, ok := strings.CutPrefix(tag, prefix)
			switch {
			case !ok:
			case fix.Dimension != "":
				return fix, nil, fmt.Errorf("it has two places, %s=%s and %s", fix.Dimension, fix.Value, tag)
			default:
				fix.Dimension, fix.Value = dimension, strings.TrimSpace(value)
			}
		}
	}
	if fix.Dimension == "service.version" && !fix.Removal {
		fix.Builds, fix.Dimension, fix.Value = []string{fix.Value}, "", "" // it carries the fix
	}
	if len(clusters) == 0 {
		return fix, nil, errors.New("no tag names a cluster; add one such as cluster:other/abort in leafd")
	}
	return fix, clusters, nil
}

func (a annotation) who() string {
	for _, name := range []string{a.Login, a.Email} {
		if name != "" {
			return cut(name, query.MaxLedgerActor)
		}
	}
	return "grafana"
}

var markup = regexp.MustCompile(`<[^>]*>`)

// plain takes Grafana's markup out of a text.
func plain(text string) string {
	text = html.UnescapeString(markup.ReplaceAllString(text, " "))
	return cut(strings.Join(strings.Fields(text), " "), query.MaxLedgerText)
}

func cut(s string, n int) string {
	s = strings.ToValidUTF8(s, "\uFFFD")
	if len(s) <= n {
		return s
	}
	return strings.ToValidUTF8(s[:n], "")
}
