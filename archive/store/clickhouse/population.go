package clickhouse

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/epicurve/epicurve/archive/store"
	"github.com/epicurve/epicurve/pkg/crash"
	"github.com/epicurve/epicurve/pkg/query"
)

// Population reads the columns of a range.
func (s *Store) Population(ctx context.Context, req store.PopulationRequest) (store.Population, error) {
	r := s.reading()
	p := store.Population{Values: make([][]string, len(req.Dimensions))}
	codes := make([]*denseCodes, len(req.Dimensions))
	for i := range codes {
		codes[i] = &denseCodes{out: &p.Values[i], of: make(map[string]int32)}
	}
	if err := r.populationCrashes(ctx, req, &p, codes); err != nil {
		return store.Population{}, fmt.Errorf("clickhouse: population: %w", err)
	}
	if err := r.populationExposure(ctx, req, &p.Exposure, codes); err != nil {
		return store.Population{}, fmt.Errorf("clickhouse: population's exposure: %w", err)
	}
	var err error
	if p.Limits, err = r.populationLimits(ctx, req.Range); err != nil {
		return store.Population{}, fmt.Errorf("clickhouse: population's limits: %w", err)
	}
	return p, nil
}

// denseCodes numbers the values of one column in the order in which they are met.
type denseCodes struct {
	out *[]string
	of  map[string]int32
}

func (c *denseCodes) code(text []byte) int32 {
	n, ok := c.of[string(text)] // makes no copy
	if !ok {
		n = int32(len(*c.out))
		v := string(text)
		*c.out = append(*c.out, v)
		c.of[v] = n
	}
	return n
}

// codedColumn is a column of crashes that is read as dense codes.
type codedColumn struct {
	name  string
	codes *denseCodes
	out   *[]int32
}

func codedColumns(req store.PopulationRequest, p *store.Population, codes []*denseCodes) []codedColumn {
	dense := func(values *[]string) *denseCodes { return &denseCodes{out: values, of: make(map[string]int32)} }
	cols := []codedColumn{
		{column("crash.class"), dense(&p.Class), &p.Crashes.Class},
		{column("crash.signature"), dense(&p.Signature), &p.Crashes.Signature},
		{column("crash.source"), dense(&p.Source), &p.Crashes.Source},
		{column("crash.signal"), dense(&p.Signal), &p.Crashes.Signal},
		{column("host.boot_id"), dense(&p.Boot), &p.Crashes.Boot},
		{column("process.executable.name"), dense(&p.Executable), &p.Crashes.Executable},
	}
	p.Crashes.Codes = make([][]int32, len(codes))
	for i, d := range req.Dimensions {
		cols = append(cols, codedColumn{column(d), codes[i], &p.Crashes.Codes[i]})
	}
	return cols
}

// Windows of the population's statements: they grow and shrink towards a number
// of rows, so that no answer is held whole by the server or here.
const (
	rowsAtOnce  = 200_000
	leastWindow = time.Minute
)

func (r *reading) populationCrashes(ctx context.Context, req store.PopulationRequest, p *store.Population, codes []*denseCodes) error {
	cols := codedColumns(req, p, codes)
	bounds, err := r.span(ctx)
	if err != nil || bounds.To.IsZero() {
		return err
	}
	from, to := req.Range.From, req.Range.To
	if from.Before(bounds.From) {
		from = bounds.From
	}
	if to.After(bounds.To) {
		to = bounds.To
	}
	for window := 30 * day; from.Before(to); {
		end := from.Add(window)
		if end.After(to) {
			end = to
		}
		n := len(p.Crashes.Time)
		if err := r.populationWindow(ctx, query.Request{Range: query.Range{From: from, To: end}, Filters: req.Filters}, cols, &p.Crashes); err != nil {
			return err
		}
		from = end
		switch n = len(p.Crashes.Time) - n; {
		case n < rowsAtOnce/4 && window < query.MaxRange/4:
			window *= 4
		case n > rowsAtOnce && window > leastWindow:
			window /= 4
		}
	}
	return nil
}

func (r *reading) populationWindow(ctx context.Context, req query.Request, cols []codedColumn, out *store.PopulationCrashes) error {
	w, err := selectCrashes(req)
	if err != nil {
		return err
	}
	names := []string{"ts", "ifNull(host_uptime_seconds, -1)", "received", "ifNull(process_pid, -1)"}
	for _, c := range cols {
		names = append(names, c.name)
	}
	return r.rows(ctx, "SELECT "+strings.Join(names, ", ")+final(tableCrashes)+w.where()+" ORDER BY ts, id", func(d *rowDecoder) {
		out.Time = append(out.Time, d.int64())
		out.HostUptime = append(out.HostUptime, d.int64())
		out.Received = append(out.Received, d.int64())
		out.PID = append(out.PID, d.int64())
		for _, c := range cols {
			*c.out = append(*c.out, c.codes.code(d.bytes()))
		}
	})
}

// populationLimits reads the slots in which a host was at its limit.
func (r *reading) populationLimits(ctx context.Context, in query.Range) ([]store.PopulationLimit, error) {
	days := make(map[store.PopulationLimit]float64)
	q := "SELECT start, limited, host_name, host_id" + final(tableExposure) + within("start", in).with("limited > 0").where()
	err := r.rows(ctx, q, func(d *rowDecoder) {
		start, limited := d.int64(), d.int64()
		host := store.HostKey(crash.Host{Name: d.text(), ID: d.text()})
		days[store.PopulationLimit{Day: store.DayOf(fromMicro(start)), Host: host}] += time.Duration(limited).Hours() / 24
	})
	return store.SortLimits(days), err
}

// populationExposure fills the columns of exposure, summed over days in SQL.
func (r *reading) populationExposure(ctx context.Context, req store.PopulationRequest, out *store.PopulationExposure, codes []*denseCodes) error {
	out.Codes = make([][]int32, len(req.Dimensions))
	q := exposureByDay(req, hostSlots(), "length(build_running) = 0") + " UNION ALL " + exposureByDay(req, buildSlots(), "1")
	return r.rows(ctx, "SELECT * FROM ("+q+") ORDER BY d", func(d *rowDecoder) {
		day, days, up := d.int64(), d.float64(), d.int64()
		enough := days >= store.LeastExposure
		if enough {
			out.Day = append(out.Day, int32(day))
			out.Days = append(out.Days, days)
			out.HostUptime = append(out.HostUptime, up)
		}
		for i := range codes {
			if v := d.bytes(); enough {
				out.Codes[i] = append(out.Codes[i], codes[i].code(v))
			}
		}
	})
}

// exposureByDay cuts slots at midnight, of which a slot has at most one, and at
// the ends of the range.
func exposureByDay(req store.PopulationRequest, from slots, also string) string {
	var cols, names strings.Builder
	for i, d := range req.Dimensions {
		value := "''"
		if slices.Contains(from.names, d) {
			value = "toString(" + column(d) + ")"
		}
		fmt.Fprintf(&cols, ", %s AS v%d", value, i)
		fmt.Fprintf(&names, ", v%d", i)
	}
	const dayMicros = "86400000000"
	first, last := store.CeilMicro(req.Range.From), store.CeilMicro(req.Range.To)
	parts := "SELECT start, length, toFloat64(" + from.covered + ") AS weight, host_uptime_seconds AS up, host_id AS h1, host_name AS h2, [0, 1] AS halves" + cols.String() +
		from.from + fmt.Sprintf(" WHERE start > %d AND start < %d AND %s", first-day.Microseconds(), last, also)
	cut := "SELECT toInt64(intDiv(start, " + dayMicros + ") + k) AS d, start, length, weight, up, h1, h2" + names.String() +
		fmt.Sprintf(", least(least(start + length / 1e3, toFloat64((d + 1) * "+dayMicros+")), toFloat64(%d)) - greatest(greatest(toFloat64(start), toFloat64(d * "+dayMicros+")), toFloat64(%d)) AS overlap", last, first) +
		" FROM (" + parts + ") ARRAY JOIN halves AS k"
	return "SELECT d, sum(weight / 86400e9 * overlap * 1e3 / length) AS days, if(countIf(isNotNull(up)) = 0, toInt64(-1), argMaxIf(ifNull(up, toInt64(0)), start, isNotNull(up))) AS uptime" + names.String() +
		" FROM (" + cut + ") WHERE overlap > 0 GROUP BY d, h1, h2" + names.String()
}
