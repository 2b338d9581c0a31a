package bench

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/epicurve/epicurve/pkg/query"
)

const day = 24 * time.Hour

// question is one of the dashboard's queries.
type question struct {
	name string
	ask  func(context.Context, *query.Client) error
	sql  string // for peers, instead of ask
	// bars of the median and of the 95th percentile.
	median, p95 time.Duration
}

// questions returns the six queries of a dashboard, and three over a year.
func questions(end time.Time, cluster string) []question {
	last := func(span time.Duration) query.Range { return query.Range{From: end.Add(-span), To: end} }
	timeseries := func(r query.Request) func(context.Context, *query.Client) error {
		return func(ctx context.Context, c *query.Client) error { _, err := c.Timeseries(ctx, r); return err }
	}
	clusters := func(span time.Duration, limit int) func(context.Context, *query.Client) error {
		return func(ctx context.Context, c *query.Client) error {
			_, err := c.Clusters(ctx, query.Request{Range: last(span), Limit: limit})
			return err
		}
	}
	newest := func(ctx context.Context, c *query.Client) error {
		_, err := c.Records(ctx, query.Request{Range: last(year), Limit: 100, Filters: []query.Filter{
			{Dimension: "cloud.region", Values: []string{"region-03"}}, {Dimension: "service.name", Values: []string{"svc-07"}}, {Dimension: "crash.class", Values: []string{"other"}},
		}})
		return err
	}
	contrast := func(span time.Duration) func(context.Context, *query.Client) error {
		return func(ctx context.Context, c *query.Client) error {
			_, err := c.Contrast(ctx, query.Request{Range: last(span), Cluster: cluster, Limit: 100})
			return err
		}
	}
	const short, long = 100 * time.Millisecond, 250 * time.Millisecond
	return []question{
		{name: "Q1 daily by class, one year", ask: timeseries(query.Request{Range: last(year), Interval: query.Duration(day), GroupBy: []string{"crash.class"}}), median: short, p95: long},
		{name: "Q2 hourly by host of one cluster, 30 days", ask: timeseries(query.Request{Range: last(30 * day), Interval: query.Duration(time.Hour), GroupBy: []string{"host.name"}, Cluster: cluster}), median: short, p95: long},
		{name: "Q3 top 50 clusters of 90 days, first, last, hosts", ask: clusters(90*day, 50), median: short, p95: long},
		{name: "Q4 contrast of one cluster, 90 days", ask: contrast(90 * day), median: short, p95: long},
		{name: "Q5 newest 100 with three filters", ask: newest, median: short, p95: long},
		{name: "Q6 clusters of the last day, with first seen", ask: clusters(day, 1000), median: short, p95: long},
		{name: "year: top 50 clusters", ask: clusters(year, 50), median: 3 * short, p95: 0},
		{name: "year: contrast of one cluster", ask: contrast(year), median: 3 * short, p95: 0},
	}
}

// measured asks each question as often as wanted, after one warm-up, and compares
// the median and the 95th percentile with what bar returns for the question.
func measured(ctx context.Context, a *archive, qs []question, runs int, name string, bars func(question) (median, p95 time.Duration)) ([]figure, error) {
	var figures []figure
	for _, q := range qs {
		took, err := repeated(ctx, runs, func(ctx context.Context) error { return q.ask(ctx, a.client) })
		if err != nil {
			figures = append(figures, figure{what: q.name + name, measured: err.Error()})
			continue
		}
		m, p := took[len(took)/2], took[(len(took)*95+99)/100-1]
		f := figure{what: q.name + name, measured: fmt.Sprintf("median %d ms, p95 %d ms", m.Milliseconds(), p.Milliseconds()), met: true}
		if median, p95 := bars(q); median > 0 {
			f.bar = fmt.Sprintf("< %d ms", median.Milliseconds())
			f.met = m < median
			if p95 > 0 {
				f.bar += fmt.Sprintf(", < %d ms", p95.Milliseconds())
				f.met = f.met && p < p95
			}
		} else if p95 > 0 {
			f.bar, f.met = fmt.Sprintf("p95 < %d ms", p95.Milliseconds()), p < p95
		}
		figures = append(figures, f)
	}
	return figures, nil
}

// questionTime is after how long a question is not asked any more: one that needs
// many seconds shows itself with fewer runs.
const questionTime = 40 * time.Second

// repeated asks once to warm up, then runs times, and returns the times in order.
func repeated(ctx context.Context, runs int, ask func(context.Context) error) (took []time.Duration, err error) {
	began := time.Now()
	for i := range runs + 1 {
		if len(took) > 0 && time.Since(began) > questionTime {
			break
		}
		start := time.Now()
		if err := ask(ctx); err != nil {
			return nil, err
		}
		if i > 0 {
			took = append(took, time.Since(start))
		}
	}
	slices.Sort(took)
	return took, nil
}

// largest returns the key of the largest cluster of the last 30 days.
func largest(ctx context.Context, a *archive, end time.Time) (string, error) {
	got, err := a.client.Clusters(ctx, query.Request{Range: query.Range{From: end.Add(-30 * day), To: end}, Limit: 1})
	if err != nil {
		return "", err
	}
	if len(got.Clusters) == 0 {
		return "", fmt.Errorf("the population has no clusters")
	}
	return got.Clusters[0].Key, nil
}

// idle asks while nothing else happens.
func idle(ctx context.Context, a *archive, _ *population, c Config, end time.Time) ([]figure, error) {
	key, err := largest(ctx, a, end)
	if err != nil {
		return nil, err
	}
	return measured(ctx, a, questions(end, key), c.Runs, "", func(q question) (time.Duration, time.Duration) { return q.median, q.p95 })
}
