package epi

import (
	"math"
	"slices"
)

// state finds the first state that applies, and since when it holds (0 when
// that is not one moment).
func (c *course) state(s *Silence, red *Reduction) (state State, rel *Relapse, since float64) {
	params := &c.p.params
	rel, sure, at := c.relapse()
	switch {
	case c.blind():
		return StateBlind, rel, 0
	case rel != nil && sure:
		return StateRelapsed, rel, at
	case rel != nil:
		return StateRelapseMaybe, rel, at
	case s == nil || !c.pauses.Enough():
		return StateInsufficient, nil, 0
	case !math.IsNaN(c.gone) && c.unfixed == 0:
		return StateGone, nil, c.gone
	case c.mark != nil && c.counts && s.WallDays >= 1 && s.PWorst <= AlphaSpend(params.DisappearingAlpha, c.attempt):
		return StateDisappearing, nil, 0
	case red != nil && red.Reduced:
		return StateReduced, nil, c.clock.Wall(c.clock.At(c.mark.At) + red.Look)
	case c.mark != nil && c.lateRows():
		return StateNotFixed, nil, 0
	case s.PKnown <= params.PausedKnown && c.mark != nil:
		return StatePaused, nil, c.start
	case s.PKnown <= params.PausedKnown:
		return StateQuiet, nil, c.start
	default:
		return StateActive, nil, 0
	}
}

// lateRows reports whether there were rows after the grace.
func (c *course) lateRows() bool {
	return len(c.post) > 0 && c.post[len(c.post)-1] > c.mark.At+c.p.params.Grace
}

// shaded reports whether the last day is in a shade.
func (c *course) shaded() bool {
	return slices.ContainsFunc(c.shades, func(s shade) bool { return s.to >= c.now-1 })
}

// blind reports whether the exposure of the last day is too small to say
// anything.
func (c *course) blind() bool {
	if len(c.clock.speed) == 0 {
		return false
	}
	return c.clock.At(c.now)-c.clock.At(c.now-1) < c.p.params.BlindExposure
}
