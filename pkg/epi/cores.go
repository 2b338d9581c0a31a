package epi

import (
	"math"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Cores is the share of the crashes of some programs that left a core, among
// those that both a core and a log tell of. A constant share cancels out of every
// comparison; a change of it looks like a change of the disease.
type Cores struct {
	Core  int `json:"core"`  // episodes of which a core was read
	Known int `json:"known"` // these, and those that only a log told of
	// Share is Core/Known with its 95 % interval.
	Share float64 `json:"share"`
	Lower float64 `json:"lower"`
	Upper float64 `json:"upper"`
	// Spans are the stretches of time between which the share changed; one
	// where it never did.
	Spans []CoreSpan `json:"spans"`
	// Worst are hosts whose share is clearly below that of the fleet.
	Worst []HostCores `json:"worst,omitempty"`

	shades []shade
}

// CoreSpan is a stretch of whole days with one share.
type CoreSpan struct {
	From  time.Time `json:"from"`
	To    time.Time `json:"to"`
	Core  int       `json:"core"`
	Known int       `json:"known"`
	Share float64   `json:"share"`

	first, last int // days since the beginning, last not included
}

// HostCores is the share of cores of one host.
type HostCores struct {
	Host  string  `json:"host"`
	Core  int     `json:"core"`
	Known int     `json:"known"`
	Share float64 `json:"share"`
}

// worstHosts bounds the hosts listed.
const worstHosts = 10

// coreIndex lists the episodes that witnesses of both sorts tell of, by program,
// and remembers what was concluded from them.
type coreIndex struct {
	programs map[int32][]int32 // positions in episodes
	log      bool              // whether a log told of any

	mu    sync.Mutex
	known map[string]*Cores
}

func (p *Population) indexCores() *coreIndex {
	x := &coreIndex{programs: map[int32][]int32{}, known: map[string]*Cores{}}
	c := &p.in.Crashes
	if c.Core == nil {
		return x
	}
	for i, row := range p.episodes {
		if c.Core[row] == WitnessOther {
			continue
		}
		x.log = x.log || c.Core[row] == WitnessLog
		x.programs[p.program(row)] = append(x.programs[p.program(row)], int32(i))
	}
	return x
}

func (p *Population) program(row int32) int32 {
	if p.in.Crashes.Program == nil {
		return 0
	}
	return p.in.Crashes.Program[row]
}

// coresOf returns the share of cores of the programs of a cluster that cores tell
// of, where the best explanation says it is; nil when no log tells of crashes, or
// when the cluster itself is known from logs.
func (p *Population) coresOf(m members, best *Explanation, now float64) *Cores {
	if !p.cores.log {
		return nil
	}
	programs := map[int32]bool{}
	cores := 0
	for _, row := range m.episodes {
		if p.in.Crashes.Core[row] == WitnessCore {
			cores++
			programs[p.program(row)] = true
		}
	}
	if 2*cores < len(m.episodes) || cores == 0 {
		return nil
	}
	var where Predicate
	if best != nil {
		where = best.predicate
	}
	return p.coresCached(programs, where, now)
}

func (p *Population) coresCached(programs map[int32]bool, where Predicate, now float64) *Cores {
	list := make([]int32, 0, len(programs))
	for program := range programs {
		list = append(list, program)
	}
	slices.Sort(list)
	var key strings.Builder
	for _, program := range list {
		key.WriteString(strconv.Itoa(int(program)) + ",")
	}
	for _, f := range where {
		key.WriteString(strconv.Itoa(f.Dimension) + "=" + strconv.Itoa(int(f.Value)) + ";")
	}
	key.WriteString(strconv.FormatFloat(now, 'g', -1, 64))
	x := p.cores
	x.mu.Lock()
	c, known := x.known[key.String()]
	x.mu.Unlock()
	if known {
		return c
	}
	c = p.countCores(list, where, now)
	x.mu.Lock()
	x.known[key.String()] = c
	x.mu.Unlock()
	return c
}

// countCores counts the episodes of programs up to now, day by day, and finds
// where the share changed.
func (p *Population) countCores(programs []int32, where Predicate, now float64) *Cores {
	begin := math.Floor(p.in.From)
	days := max(1, int(math.Ceil(math.Min(now, p.in.To)-begin)))
	core, all := make([]float64, days), make([]float64, days)
	t := p.in.Crashes.Time
	for _, program := range programs {
		for _, at := range p.cores.programs[program] {
			row := p.episodes[at]
			day := int(math.Floor(t[row]) - begin)
			if t[row] > now {
				break
			}
			if day < 0 || day >= days || !where.matches(p.in.Crashes.Codes, int(row)) {
				continue
			}
			all[day]++
			if p.in.Crashes.Core[row] == WitnessCore {
				core[day]++
			}
		}
	}
	c := &Cores{Core: int(sum(core)), Known: int(sum(all))}
	c.Share, c.Lower, c.Upper = Ascertainment(c.Core, c.Known)
	for _, s := range p.params.CoreSpans(core, all) {
		s.From, s.To = TimeOf(begin+float64(s.first)), TimeOf(begin+float64(s.last))
		c.Spans = append(c.Spans, s)
	}
	p.shadeCores(c, core, all, begin)
	return c
}

// CoreSpans cuts days with their numbers of crashes with a core, and of all that
// are known, into stretches between which the share changed. A cut must save
// TwoGain nats, its own cost included.
func (p Parameters) CoreSpans(core, known []float64) []CoreSpan {
	var spans []CoreSpan
	var cut func(first, last int)
	cut = func(first, last int) {
		at, gain := bestCut(core[first:last], known[first:last])
		if gain >= p.TwoGain {
			cut(first, first+at)
			cut(first+at, last)
			return
		}
		c, n := sum(core[first:last]), sum(known[first:last])
		s := CoreSpan{Core: int(c), Known: int(n), first: first, last: last}
		if n > 0 {
			s.Share = c / n
		}
		spans = append(spans, s)
	}
	cut(0, len(core))
	return spans
}

// bestCut finds the day at which two shares describe the counts best, and the
// nats saved by that.
func bestCut(core, known []float64) (at int, gain float64) {
	c, n := sum(core), sum(known)
	if n == 0 || c == 0 || c == n {
		return 0, 0
	}
	var c1, n1 float64
	for i := 1; i < len(core); i++ {
		c1, n1 = c1+core[i-1], n1+known[i-1]
		if n1 == 0 || n1 == n {
			continue
		}
		g := n1*divergence(c1/n1, c/n) + (n-n1)*divergence((c-c1)/(n-n1), c/n)
		if g > gain {
			at, gain = i, g
		}
	}
	return at, gain - math.Log(float64(len(core))) - 0.5*math.Log(n)
}

// divergence is the two-sided binary KL divergence in nats.
func divergence(s, w float64) float64 {
	d := 0.0
	if s > 0 {
		d += s * math.Log(s/w)
	}
	if s < 1 {
		d += (1 - s) * math.Log((1-s)/(1-w))
	}
	return math.Max(0, d)
}

// shadeCores shades the spans in which the share is below the best span's and the
// log tells of more crashes than there: cores were lost. A smaller share alone is
// what the end of a disease looks like.
func (p *Population) shadeCores(c *Cores, core, all []float64, begin float64) {
	if len(c.Spans) < 2 {
		return
	}
	best := c.Spans[0]
	for _, s := range c.Spans[1:] {
		if s.Share > best.Share {
			best = s
		}
	}
	only := make([]float64, len(all))
	for i := range all {
		only[i] = all[i] - core[i]
	}
	steady := math.Max(1, Dispersion(only[best.first:best.last]))
	usual := sum(only[best.first:best.last]) / float64(best.last-best.first)
	for _, s := range c.Spans {
		logged := sum(only[s.first:s.last])
		expected := usual * float64(s.last-s.first)
		phi := math.Max(steady, Dispersion(only[s.first:s.last])) // one burst is no change
		if s.Share >= best.Share || PoissonTail(int(math.Floor(logged/phi)), expected/phi) > p.params.ControlP {
			continue
		}
		dim := newShade(ShadeCores, "its programs", nil, Interval{begin + float64(s.first), begin + float64(s.last)}, s.Share/best.Share)
		dim.public.Observed, dim.public.Expected = float64(s.Core), float64(s.Known)
		c.shades = append(c.shades, dim)
	}
}
