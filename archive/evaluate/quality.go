package evaluate

import (
	"context"
	"fmt"
	"math"
	"slices"

	"github.com/epicurve/epicurve/archive/store"
	"github.com/epicurve/epicurve/pkg/crash"
	"github.com/epicurve/epicurve/pkg/epi"
	"github.com/epicurve/epicurve/pkg/query"
)

// addQuality adds to the input what the records tell about themselves: which of
// them repeat another one, which crashes left a core, how late rows come, and
// which hosts were at their limit.
func (k kind) addQuality(in *epi.Input, pop store.Population) {
	for code, class := range pop.Class {
		if c := crash.Class(class); c == crash.ReturnToNull || c == crash.MisalignedStack {
			// where control flow was corrupt a signature names what was hit
			in.Crashes.OneDisease = append(in.Crashes.OneDisease, int32(code))
		}
	}
	in.Crashes.Core = witnesses(pop)
	in.Crashes.Program = programs(pop)
	host := slices.IndexFunc(k.compared, func(d epi.Dimension) bool { return d.Role == epi.RoleHost })
	in.Crashes.Repeat = repeats(pop, host)
	in.Late = in.To - epi.Horizon(in.To, delays(pop, host, in.To))
	in.Limits = limits(pop, host)
}

// faults are the signals of which the kernel's log tells, as a core does. Of
// other crashes, such as aborts, only a core tells.
var faults = []string{"SIGSEGV", "SIGBUS", "SIGILL", "SIGFPE", "SIGTRAP"}

// witnesses says how each crash is known.
func witnesses(pop store.Population) []epi.Witness {
	bySource := make([]epi.Witness, len(pop.Source))
	for code, source := range pop.Source {
		switch crash.Source(source) {
		case crash.SourceCore:
			bySource[code] = epi.WitnessCore
		case crash.SourceKernelLog, crash.SourceJournal, crash.SourceLogFile:
			bySource[code] = epi.WitnessLog
		}
	}
	fault := make([]bool, len(pop.Signal))
	for code, signal := range pop.Signal {
		fault[code] = slices.Contains(faults, signal)
	}
	all := make([]epi.Witness, len(pop.Crashes.Time))
	for i := range all {
		if fault[pop.Crashes.Signal[i]] {
			all[i] = bySource[pop.Crashes.Source[i]]
		}
	}
	return all
}

// commLength is what the kernel keeps of a program's name (TASK_COMM_LEN less
// the terminator, include/linux/sched.h); its log names programs by that.
const commLength = 15

// programs numbers the programs by the name that the kernel's log gives them.
func programs(pop store.Population) []int32 {
	code := make([]int32, len(pop.Executable))
	known := map[string]int32{}
	for i, name := range pop.Executable {
		name = name[:min(len(name), commLength)]
		c, seen := known[name]
		if !seen {
			c = int32(len(known))
			known[name] = c
		}
		code[i] = c
	}
	all := make([]int32, len(pop.Crashes.Executable))
	for i, e := range pop.Crashes.Executable {
		all[i] = code[e]
	}
	return all
}

// ranks orders the sources by how much they say of a crash.
var ranks = map[crash.Source]int{
	crash.SourceCore: 0, crash.SourceJournal: 1, crash.SourceKernelLog: 2, crash.SourceLogFile: 3,
}

// repeats marks the rows that tell of a crash that another row tells of; nil when
// there are none. Only rows of the same process in the same or the next second
// are compared, so that all others cost a look-up.
func repeats(pop store.Population, host int) []bool {
	type process struct {
		host, boot int32
		pid        int64
	}
	c := &pop.Crashes
	now, before := map[process]int{}, map[process]int{}
	second := int64(math.MinInt64)
	found := map[int]bool{}
	for i, at := range c.Time {
		name := c.Codes[host][i]
		if c.PID[i] <= 0 || pop.Values[host][name] == "" {
			continue
		}
		if s := floorDiv(at, 1e6); s != second {
			now, before = before, now
			clear(now)
			if s != second+1 {
				clear(before)
			}
			second = s
		}
		key := process{name, c.Boot[i], c.PID[i]}
		if other, seen := now[key]; seen {
			found[i], found[other] = true, true
		}
		if other, seen := before[key]; seen {
			found[i], found[other] = true, true
		}
		now[key] = i
	}
	if len(found) == 0 {
		return nil
	}
	return marked(pop, host, found)
}

// marked compares the rows that may repeat each other.
func marked(pop store.Population, host int, found map[int]bool) []bool {
	c := &pop.Crashes
	var rows []int
	for i := range found {
		rows = append(rows, i)
	}
	slices.Sort(rows)
	occurrences := make([]epi.Occurrence, len(rows))
	for k, i := range rows {
		rank, known := ranks[crash.Source(pop.Source[c.Source[i]])]
		if !known {
			rank = len(ranks)
		}
		occurrences[k] = epi.Occurrence{
			Host: pop.Values[host][c.Codes[host][i]], Boot: pop.Boot[c.Boot[i]], PID: c.PID[i], Time: float64(c.Time[i]) / microsPerDay, Rank: rank,
		}
	}
	repeated := epi.Duplicates(occurrences)
	if len(repeated) == 0 {
		return nil
	}
	marks := make([]bool, len(c.Time))
	for _, k := range repeated {
		marks[rows[k]] = true
	}
	return marks
}

func floorDiv(a, b int64) int64 {
	q := a / b
	if a%b < 0 {
		q--
	}
	return q
}

// delaySpan is how many days of crashes tell how late rows come.
const delaySpan = 90

// delays returns, in days, how long after the crash each of the last weeks' rows
// came. What happened before the archive, or the host, delivered anything came
// with a backlog and is not late; nor is what was imported, or came after now.
func delays(pop store.Population, host int, now float64) []float64 {
	c := &pop.Crashes
	archive, hosts := firstReceipts(pop, host)
	var all []float64
	first, _ := slices.BinarySearch(c.Time, int64((now-delaySpan)*microsPerDay))
	for i := first; i < len(c.Time); i++ {
		at, received := c.Time[i], c.Received[i]
		late := received >= 0 && float64(received) <= now*microsPerDay && at >= archive && at >= hosts[c.Codes[host][i]]
		if late && crash.Source(pop.Source[c.Source[i]]) != crash.SourceImport {
			all = append(all, math.Max(0, float64(received-at)/microsPerDay))
		}
	}
	return all
}

// firstReceipts returns when the archive received its first row, and since when
// each host delivers: the first day on which it was watched, or its first row.
func firstReceipts(pop store.Population, host int) (archive int64, hosts []int64) {
	archive = int64(math.MaxInt64)
	hosts = make([]int64, len(pop.Values[host]))
	for h := range hosts {
		hosts[h] = math.MaxInt64
	}
	c := &pop.Crashes
	for i, at := range c.Received {
		if at >= 0 {
			archive, hosts[c.Codes[host][i]] = min(archive, at), min(hosts[c.Codes[host][i]], at)
		}
	}
	for i, day := range pop.Exposure.Day {
		h := pop.Exposure.Codes[host][i]
		hosts[h] = min(hosts[h], int64(day)*microsPerDay)
	}
	return archive, hosts
}

// limits finds the hosts that were at their limit among the values.
func limits(pop store.Population, host int) []epi.Limit {
	var all []epi.Limit
	for _, l := range pop.Limits {
		if code := slices.Index(pop.Values[host], l.Host); code >= 0 && l.Host != "" {
			all = append(all, epi.Limit{Day: l.Day, Host: int32(code), Days: l.Days})
		}
	}
	return all
}

// quality returns that of the whole archive at a moment; nil while it is empty.
func (v *view) quality(now float64) (*epi.Quality, error) {
	if v.population == nil {
		return nil, nil
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	if q, known := v.qualities[now]; known {
		return q, nil
	}
	q, err := v.population.Quality(now)
	if err != nil {
		return nil, fmt.Errorf("quality of the data: %w", err)
	}
	if v.qualities == nil {
		v.qualities = map[float64]*epi.Quality{}
	}
	v.qualities[now] = &q
	return &q, nil
}

// Exposure is the store's answer with the quality of what was seen in it.
func (e *Evaluator) Exposure(ctx context.Context, req query.Request) (query.Timeseries, error) {
	if aboutWorkflows(req) {
		return e.runsExposure(ctx, req)
	}
	if err := store.CheckExposure(req); err != nil {
		return query.Timeseries{}, err
	}
	series, err := e.Store.Exposure(ctx, req)
	if err != nil {
		return series, err
	}
	v, err := e.view(ctx, req.Range.To)
	if err != nil {
		return series, err
	}
	series.Quality, err = v.quality(epi.DayOf(v.moment(req)))
	return series, err
}
