package rehearsal

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os/exec"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/backend"
	"github.com/grafana/grafana-plugin-sdk-go/backend/grpcplugin"
	"github.com/grafana/grafana-plugin-sdk-go/data"
	"github.com/grafana/grafana-plugin-sdk-go/genproto/pluginv2"
	"github.com/hashicorp/go-hclog"
	goplugin "github.com/hashicorp/go-plugin"

	"github.com/epicurve/epicurve/pkg/query"
)

const pluginID = "epicurve-crasharchive-datasource"

// plugin is the Grafana plugin's real binary, spoken to as Grafana does.
type plugin struct {
	client *goplugin.Client
	data   pluginv2.DataClient
	source backend.PluginContext
}

func startPlugin(path, archive string) (*plugin, error) {
	client := goplugin.NewClient(&goplugin.ClientConfig{
		Cmd:    exec.Command(path), //nolint:noctx // Kill ends it
		Logger: hclog.New(&hclog.LoggerOptions{Output: io.Discard}),
		HandshakeConfig: goplugin.HandshakeConfig{
			ProtocolVersion: grpcplugin.ProtocolVersion, MagicCookieKey: grpcplugin.MagicCookieKey, MagicCookieValue: grpcplugin.MagicCookieValue,
		},
		VersionedPlugins: map[int]goplugin.PluginSet{grpcplugin.ProtocolVersion: {"data": &grpcplugin.DataGRPCPlugin{}}},
		AllowedProtocols: []goplugin.Protocol{goplugin.ProtocolGRPC},
	})
	rpc, err := client.Client()
	if err != nil {
		client.Kill()
		return nil, fmt.Errorf("plugin %s: %w", path, err)
	}
	raw, err := rpc.Dispense("data")
	if err != nil {
		client.Kill()
		return nil, fmt.Errorf("plugin %s: %w", path, err)
	}
	answers, ok := raw.(pluginv2.DataClient)
	if !ok {
		client.Kill()
		return nil, fmt.Errorf("plugin %s: its data service is a %T", path, raw)
	}
	return &plugin{client: client, data: answers, source: backend.PluginContext{
		PluginID: pluginID, User: &backend.User{Login: "rehearsal", Role: "Viewer"},
		DataSourceInstanceSettings: &backend.DataSourceInstanceSettings{
			ID: 1, UID: "epicurve", Name: "Archive", Type: pluginID, URL: archive, JSONData: []byte(`{}`), Updated: time.Unix(1, 0),
		},
	}}, nil
}

func (p *plugin) stop() { p.client.Kill() }

// table asks a question whose answer is one table, as a panel with the time
// range would, and returns its rows by the names of its fields.
func (p *plugin) table(ctx context.Context, between query.Range, question map[string]any) ([]map[string]any, error) {
	text, err := json.Marshal(map[string]any{"query": question})
	if err != nil {
		return nil, fmt.Errorf("panel query: %w", err)
	}
	request := &backend.QueryDataRequest{PluginContext: p.source, Queries: []backend.DataQuery{{
		RefID: "A", JSON: text, MaxDataPoints: 1000, Interval: time.Hour,
		TimeRange: backend.TimeRange{From: between.From, To: between.To},
	}}}
	answer, err := p.data.QueryData(ctx, backend.ToProto().QueryDataRequest(request))
	if err != nil {
		return nil, fmt.Errorf("panel query %s: %w", text, err)
	}
	response, err := backend.FromProto().QueryDataResponse(answer)
	if err != nil {
		return nil, fmt.Errorf("panel query %s: %w", text, err)
	}
	a := response.Responses["A"]
	if a.Error != nil {
		return nil, fmt.Errorf("panel query %s: %w", text, a.Error)
	}
	if len(a.Frames) != 1 {
		return nil, fmt.Errorf("panel query %s: %d data frames, want one table", text, len(a.Frames))
	}
	return rows(a.Frames[0]), nil
}

func rows(frame *data.Frame) []map[string]any {
	all := make([]map[string]any, frame.Rows())
	for i := range all {
		all[i] = make(map[string]any, len(frame.Fields))
		for _, f := range frame.Fields {
			if v, ok := f.ConcreteAt(i); ok {
				all[i][f.Name] = v
			}
		}
	}
	return all
}
