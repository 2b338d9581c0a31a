package epi

import (
	"fmt"
	"math"
)

// Evaluate answers everything about one cluster at one moment. Errors wrap
// ErrInvalid.
func (p *Population) Evaluate(q Question) (Assessment, error) {
	if math.IsNaN(q.Now) || math.IsInf(q.Now, 0) {
		return Assessment{}, fmt.Errorf("%w: question at %v", ErrInvalid, q.Now)
	}
	for i, mark := range q.Marks {
		if err := p.in.checkPredicate(fmt.Sprintf("mark %d", i), append(append(Predicate{}, mark.Carriers...), mark.Removed...)); err != nil {
			return Assessment{}, err
		}
	}
	m, err := p.members(q.Rows, q.Now)
	if err != nil {
		return Assessment{}, err
	}
	a := Assessment{
		Cluster: q.Name, At: TimeOf(q.Now), Rows: len(m.rows), Episodes: len(m.episodes), Grade: p.params.Grade(len(m.episodes)),
		Looping: float64(len(m.rows)) > p.params.LoopingRatio*float64(len(m.episodes)),
	}
	if len(m.rows) > 0 {
		t := p.in.Crashes.Time
		a.FirstSeen, a.LastSeen = TimeOf(t[m.rows[0]]), TimeOf(t[m.rows[len(m.rows)-1]])
	}
	a.Verdict = p.judge(m, q.Now, q.Detail)
	if a.Verdict.Hosts != nil {
		a.Hosts = a.Verdict.Hosts.Hosts
	}
	c := p.follow(m, q, p.shades(m, a.Verdict.Best, q.Now))
	p.assessCourse(&a, m, c, q)
	a.Surge = p.surge(m.times, c.clock, q.Now, q.Clusters)
	a.New = p.newborn(m, q.Now)
	if q.Detail {
		a.Uptime = p.uptime(m)
		a.Split = p.splitAssessed(m, a, q.Now)
		if note := p.deadFeed(m, q.Now); note != "" && !c.shaded() {
			a.Notes = append(a.Notes, note)
		}
	}
	a.Quality = p.quality(m, c, a.Verdict.Best, q.Now)
	a.Notes = append(a.Notes, p.notes(a, q)...)
	a.Notes = append(a.Notes, a.Quality.Notes("its programs")...)
	a.Sentence = a.sentence(c)
	a.WouldChange = append(a.stateWouldChange(), a.Verdict.WouldChange...)
	return a, nil
}

// assessCourse fills in onset, silence, reduction, relapse and state.
func (p *Population) assessCourse(a *Assessment, m members, c course, q Question) {
	if len(m.rows) == 0 {
		a.State = StateInsufficient
		return
	}
	a.Silence = c.silence(q.Detail)
	end := q.Now
	if c.mark != nil {
		end = c.mark.At
	}
	ended := c.mark == nil && a.Silence != nil && a.Silence.PKnown <= p.params.PausedKnown
	a.Onset = p.onset(m, c.clock, end, ended)
	a.Reduction = c.reduction(a.Onset == nil || a.Onset.Censored)
	state, relapse, since := c.state(a.Silence, a.Reduction)
	a.State, a.Relapse = state, relapse
	if since != 0 {
		a.Since = TimeOf(since)
	}
	if relapse != nil && q.Detail {
		relapse.Same = p.sameDisease(m, c.relapses[0], q.Now)
	}
}

// notes tells what the reader must know about the data.
func (p *Population) notes(a Assessment, q Question) []string {
	var notes []string
	if p.fleet == nil {
		notes = append(notes, "no exposure is known: busy and sick machines look alike, and silence is measured by the calendar")
	}
	if len(a.Verdict.Untold) > 0 {
		notes = append(notes, "no exposure is known by "+several(a.Verdict.Untold, 5)+": compared with the other crashes only")
	}
	if a.Looping {
		notes = append(notes, fmt.Sprintf("looping: %d rows are %d episodes; count processes, not loops", a.Rows, a.Episodes))
	}
	for _, mark := range q.Marks {
		if mark.At <= q.Now && (a.FirstSeen.IsZero() || !TimeOf(mark.At).After(a.FirstSeen)) {
			notes = append(notes, fmt.Sprintf("the fix mark of %s is before the first row and is left out", minute(TimeOf(mark.At))))
		}
	}
	return notes
}
