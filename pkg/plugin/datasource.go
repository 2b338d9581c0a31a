package plugin

import (
	"context"
	"net/http"

	"github.com/grafana/grafana-plugin-sdk-go/backend"
	"github.com/grafana/grafana-plugin-sdk-go/backend/instancemgmt"

	"github.com/epicurve/epicurve/pkg/plugin/metrics"
	"github.com/epicurve/epicurve/pkg/query"
)

// ID is the plugin's id, as in plugin.json.
const ID = "epicurve-crasharchive-datasource"

var (
	_ backend.QueryDataHandler      = (*Datasource)(nil)
	_ backend.CheckHealthHandler    = (*Datasource)(nil)
	_ backend.CallResourceHandler   = (*Datasource)(nil)
	_ instancemgmt.InstanceDisposer = (*Datasource)(nil)
)

// Datasource is one configured data source: one archive, asked with one set of
// credentials. Grafana makes a new one whenever the settings change.
type Datasource struct {
	http      *http.Client
	release   func() // closes idle connections; nil when broken
	archive   *query.Client
	resources backend.CallResourceHandler
	// broken is what is wrong with the settings. The instance exists all the
	// same, so that the health check can say it.
	broken error
	// personal is true when the archive is asked with each viewer's own sign-in.
	personal bool
	metrics  *metrics.Metrics
}

// Factory returns the instance factory that the SDK calls with the settings of
// one data source. All its instances count in the process's metrics, so that
// there is one factory a process.
func Factory() func(context.Context, backend.DataSourceInstanceSettings) (instancemgmt.Instance, error) {
	m := metrics.Default()
	return func(ctx context.Context, s backend.DataSourceInstanceSettings) (instancemgmt.Instance, error) {
		return open(ctx, s, m), nil
	}
}

// open makes a data source of its settings. Settings that can't work give an instance whose every answer says
// why, because the SDK would hide the text of an error.
func open(ctx context.Context, s backend.DataSourceInstanceSettings, m *metrics.Metrics) *Datasource {
	d := &Datasource{metrics: m}
	d.http, d.release, d.broken = newHTTPClient(ctx, s)
	d.personal = forwardsSignIn(s)
	if d.broken == nil {
		d.archive, d.broken = newArchive(s.URL, d.http)
	}
	d.resources = newResources(d)
	return d
}

// Dispose releases the connections of an instance whose settings changed.
func (d *Datasource) Dispose() {
	if d.release != nil {
		d.release()
	}
}
