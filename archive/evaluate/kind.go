package evaluate

import (
	"github.com/epicurve/epicurve/pkg/crash"
	"github.com/epicurve/epicurve/pkg/epi"
	"github.com/epicurve/epicurve/pkg/query"
)

// kind is one of the two populations: crashes, whose exposure is host-time, and
// failures of AI workflows, whose exposure is runs. They are never compared.
type kind struct {
	workflow bool
	// compared are the dimensions by which failures are compared.
	compared []epi.Dimension
	// shown are further dimensions that the ledger shows.
	shown []string
	unit  string // of exposure
}

// crashes compares the physical host first: several virtual machines on one
// physical host are one suspect.
func crashes() kind {
	return kind{unit: "host-days", shown: []string{hostID}, compared: []epi.Dimension{
		{Name: "host.physical_id", Noun: "physical host", Role: epi.RolePhysicalHost},
		{Name: "host.name", Noun: "host", Role: epi.RoleHost},
		{Name: "cloud.region", Noun: "region", Role: epi.RoleRegion},
		{Name: "service.version", Noun: "build", Role: epi.RoleBuild},
		{Name: "os.kernel.release", Noun: "kernel"},
		{Name: "host.cpu.model.name", Noun: "CPU model"},
		{Name: "host.type", Noun: "instance type"},
		{Name: "service.name", Noun: "service", Role: epi.RoleService},
	}}
}

// workflows has no machines: a run is not tied to one.
func workflows() kind {
	return kind{workflow: true, unit: "runs", compared: []epi.Dimension{
		{Name: "service.name", Noun: "surface", Role: epi.RoleService},
		{Name: "service.version", Noun: "release", Role: epi.RoleBuild},
		{Name: "gen_ai.response.model", Noun: "model"},
		{Name: "gen_ai.request.model", Noun: "model asked for"},
		{Name: "gen_ai.provider.name", Noun: "provider"},
		{Name: "gen_ai.agent.name", Noun: "agent"},
		{Name: "workflow.path", Noun: "path"},
		{Name: "workflow.input_type", Noun: "input type"},
		{Name: "workflow.routing_tier", Noun: "tier"},
		{Name: "workflow.account_segment", Noun: "segment"},
		{Name: "workflow.load", Noun: "load"},
		{Name: "cloud.region", Noun: "region"},
	}, shown: []string{"crash.kind", "workflow.label"}}
}

// names lists the dimensions that are read: those that are compared first.
func (k kind) names() []string {
	var names []string
	for _, d := range k.compared {
		names = append(names, d.Name)
	}
	return append(names, k.shown...)
}

// filter selects the population.
func (k kind) filter() query.Filter {
	f := query.Filter{Dimension: "crash.class", Op: query.OpNotIn, Values: []string{string(crash.ClassWorkflow)}}
	if k.workflow {
		f.Op = query.OpIn
	}
	return f
}

// parameters are those of the statistics. Failures of workflows are not chained
// to episodes by their machine: each is a run of its own.
func (k kind) parameters(p *epi.Parameters) *epi.Parameters {
	if !k.workflow {
		return p
	}
	own := epi.Defaults()
	if p != nil {
		own = *p
	}
	own.EpisodeGap = 0
	return &own
}
