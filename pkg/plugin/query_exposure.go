package plugin

import (
	"context"

	"github.com/grafana/grafana-plugin-sdk-go/data"

	"github.com/epicurve/epicurve/pkg/query"
)

// measureExposure names the values of an exposure query: host-days at risk.
const measureExposure query.Measure = "host-days"

// askExposure is a time series of the host-days that were watched; a gap in it
// is a time of which nothing can be said.
func askExposure(ctx context.Context, c *query.Client, q question) (data.Frames, error) {
	answer, err := c.Exposure(ctx, q.Request)
	if err != nil {
		return nil, err
	}
	q.Measure = measureExposure
	return series(answer, q)
}
