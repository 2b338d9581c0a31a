package plugin

import (
	"fmt"

	"github.com/grafana/grafana-plugin-sdk-go/data"

	"github.com/epicurve/epicurve/pkg/query"
)

// Number says what the numbers of a clusters query are, one a cluster.
type Number string

// The numbers. A condition is 1 where it holds and 0 where it does not, so that
// an alert rule sees every cluster at all times and an alert ends with a value
// and not with a series that is missing.
const (
	NumberCrashes  Number = "crashes"  // in the range; the default
	NumberHosts    Number = "hosts"    // affected in the range
	NumberNew      Number = "new"      // condition: new, and frequent enough to be told
	NumberSurge    Number = "surge"    // CUSUM's score in units of its limit; 1 is the alarm
	NumberRelapsed Number = "relapsed" // condition: back after it was gone
	NumberGone     Number = "gone"     // condition: proven gone after a fix
	NumberOneHost  Number = "one-host" // condition: all or most episodes are one host's
)

// hostLabel is the label that names the host of a cluster that sits on one.
var hostLabel = labelName("host.name")

// The states of a cluster that alert rules ask for (pkg/epi).
const (
	stateRelapsed = "relapsed"
	stateGone     = "gone"
)

// numbers says how each number is read off a cluster.
func numbers() map[Number]func(query.Cluster) float64 {
	return map[Number]func(query.Cluster) float64{
		NumberCrashes:  func(c query.Cluster) float64 { return float64(c.Crashes) },
		NumberHosts:    func(c query.Cluster) float64 { return float64(c.Hosts) },
		NumberNew:      func(c query.Cluster) float64 { return condition(c.New) },
		NumberSurge:    func(c query.Cluster) float64 { return c.Surge },
		NumberRelapsed: func(c query.Cluster) float64 { return condition(c.State == stateRelapsed) },
		NumberGone:     func(c query.Cluster) float64 { return condition(c.State == stateGone) },
		NumberOneHost:  func(c query.Cluster) float64 { return condition(c.OnHost != "") },
	}
}

func condition(holds bool) float64 {
	if holds {
		return 1
	}
	return 0
}

// clustersNumeric is one number a cluster, labelled with what the cluster is:
// the shape that alert rules take. The labels are those by which a cluster is
// known; nothing that changes while it is watched is among them, because a label
// that changes makes another alert. The one exception is the host of "one-host",
// which is what that alert is about.
func clustersNumeric(clusters []query.Cluster, n Number) (data.Frames, error) {
	if n == "" {
		n = NumberCrashes
	}
	of, ok := numbers()[n]
	if !ok {
		return nil, &query.FieldError{Field: "number", Message: fmt.Sprintf("%.20q is not one of crashes, hosts, new, surge, relapsed, gone, one-host", n)}
	}
	if len(clusters) == 0 {
		return data.Frames{typed(data.FrameTypeNumericMulti)}, nil
	}
	frames := make(data.Frames, 0, len(clusters))
	for _, c := range clusters {
		labels := data.Labels{
			"cluster": c.Key, "crash_class": string(c.Class), "crash_kind": string(c.Kind), "crash_signature": c.Signature,
		}
		if n == NumberOneHost && c.OnHost != "" {
			labels[hostLabel] = c.OnHost
		}
		frames = append(frames, typed(data.FrameTypeNumericMulti, data.NewField(string(n), labels, []float64{of(c)})))
	}
	return frames, nil
}
