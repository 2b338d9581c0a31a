// Command main is the back end of the Epicurve data source: Grafana starts it
// and speaks to it by gRPC.
package main

import (
	"os"

	"github.com/grafana/grafana-plugin-sdk-go/backend/datasource"
	"github.com/grafana/grafana-plugin-sdk-go/backend/log"

	"github.com/epicurve/epicurve/pkg/plugin"
)

func main() {
	if err := run(); err != nil {
		log.DefaultLogger.Error("plugin stopped", "error", err)
		os.Exit(1)
	}
}

func run() error {
	return datasource.Manage(plugin.ID, plugin.Factory(), datasource.ManageOpts{})
}
