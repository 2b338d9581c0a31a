package cloud

import (
	"context"
	"encoding/json"
	"fmt"
	"path"
	"strings"
)

// Paths of Compute Engine's metadata server ("About VM metadata"). Each value is
// asked for alone: a recursive answer would hold SSH keys and start-up scripts.
const (
	gceInstance = "/computeMetadata/v1/instance/"
	gceFlavor   = "Metadata-Flavor"
)

// askGCE asks Compute Engine.
func askGCE(ctx context.Context, c *client) (Place, error) {
	g := gce{c}
	// GKE's metadata server, which stands before this one for pods, has no
	// machine type.
	machine, err := g.optional(ctx, gceInstance+"machine-type", gceHeader) // projects/NUMBER/machineTypes/TYPE
	if err != nil {
		return Place{}, err
	}
	zone, err := g.value(ctx, "zone") // projects/NUMBER/zones/REGION-LETTER
	if err != nil {
		return Place{}, err
	}
	id, err := g.value(ctx, "id")
	if err != nil {
		return Place{}, err
	}
	host, err := g.physicalHost(ctx)
	if err != nil {
		return Place{}, err
	}
	p := Place{Provider: "gcp", Zone: path.Base(zone), InstanceID: id, PhysicalHost: host}
	if machine = strings.TrimSpace(machine); machine != "" {
		p.InstanceType = path.Base(machine)
	}
	if i := strings.LastIndexByte(p.Zone, '-'); i > 0 {
		p.Region = p.Zone[:i]
	}
	return p, p.check()
}

type gce struct{ *client }

var gceHeader = map[string]string{gceFlavor: "Google"}

// value asks for one value. The server proves by a header of its own that it is
// the one meant.
func (g gce) value(ctx context.Context, name string) (string, error) {
	a, err := g.get(ctx, gceInstance+name, gceHeader)
	if err != nil {
		return "", err
	}
	if a.header.Get(gceFlavor) != "Google" {
		return "", fmt.Errorf("%s: %w: the answer lacks the header %s: Google", name, ErrGarbage, gceFlavor)
	}
	return strings.TrimSpace(string(a.body)), nil
}

// physicalHost asks for the physical host, which is told where the instance
// shows its topology: as a text, or in parts.
func (g gce) physicalHost(ctx context.Context) (string, error) {
	text, err := g.optional(ctx, gceInstance+"attributes/physical_host", gceHeader)
	if err != nil || text != "" {
		return strings.TrimSpace(text), err
	}
	text, err = g.optional(ctx, gceInstance+"attributes/physical_host_topology", gceHeader)
	if err != nil || text == "" {
		return "", err
	}
	var t struct{ Cluster, Block, SubBlock, Host string }
	if err := json.Unmarshal([]byte(text), &t); err != nil {
		return "", fmt.Errorf("physical_host_topology: %w: %w", ErrGarbage, err)
	}
	if t.Host == "" {
		return "", nil
	}
	return strings.Trim(path.Join(t.Cluster, t.Block, t.SubBlock, t.Host), "/"), nil
}
