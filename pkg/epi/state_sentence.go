package epi

import (
	"fmt"
	"strings"
	"time"
)

// sentence says the state, then the verdict, then the onset.
func (a Assessment) sentence(c course) string {
	if a.Rows == 0 {
		return "No rows up to " + minute(a.At) + "."
	}
	parts := []string{a.stateSentence(c), a.Verdict.Sentence}
	if a.Onset != nil {
		parts = append(parts, a.Onset.String())
	}
	if a.Uptime != nil {
		parts = append(parts, a.Uptime.String())
	}
	if a.Split != nil && a.Split.Verdict == SplitTwo {
		parts = append(parts, a.Split.Sentence)
	}
	return strings.Join(parts, " ")
}

func (a Assessment) stateSentence(c course) string {
	s := a.Silence
	switch a.State {
	case StateBlind:
		return blindSentence(c)
	case StateRelapsed:
		return fmt.Sprintf("RELAPSED on %s: %s within %s after %s of silence (p = %s); it was gone since %s.",
			minute(a.Since), plural(a.Relapse.Episodes, "episode"), days(max(a.Relapse.Days, 1)), days(a.Relapse.QuietDays), probability(a.Relapse.P), a.Relapse.GoneSince.Format(time.DateOnly))
	case StateRelapseMaybe:
		return fmt.Sprintf("RELAPSE? One episode on %s after %s of silence; a second one decides.", minute(a.Relapse.First), days(a.Relapse.QuietDays))
	case StateInsufficient:
		return fmt.Sprintf("No statement on its course yet: %s, at least 6 are needed.", plural(a.Episodes, "episode"))
	case StateGone:
		return goneSentence(a, c)
	case StateDisappearing:
		return fmt.Sprintf("Disappearing: silent %s since %s. %s%s", days(s.WallDays), c.markWords(), chances(s), need(s))
	case StateReduced:
		return fmt.Sprintf("Reduced, not gone: %s after %s.", a.Reduction, c.fixWords())
	case StateNotFixed:
		text := fmt.Sprintf("NOT FIXED: rows continue after %s, the last on %s", c.fixWords(), minute(a.LastSeen))
		if a.Reduction != nil {
			text += fmt.Sprintf(" (%s)", a.Reduction)
		}
		return text + "; a new silence needs a new mark."
	case StatePaused:
		return fmt.Sprintf("Paused? Quiet %s since %s; its longest earlier silence was %s. %s%s", days(s.WallDays), c.markWords(), days(s.LongestGap), chances(s), need(s))
	case StateQuiet:
		return fmt.Sprintf("Quiet for %s, but nobody marked a fix; its longest earlier silence was %s. %sWithout a mark it is never called gone.", days(s.WallDays), days(s.LongestGap), chances(s))
	default:
		return fmt.Sprintf("Active: %s, last on %s.", rateWords(s.Rate), minute(a.LastSeen))
	}
}

// blindSentence says why nothing can be said.
func blindSentence(c course) string {
	for _, s := range c.shades {
		if s.to >= c.now-1 {
			return "BLIND: nothing can be said now, because " + s.public.String() + "."
		}
	}
	return fmt.Sprintf("BLIND: less than %s of the earlier exposure is reporting, so nothing can be said; the clock of silence stands still.", percent(c.p.params.BlindExposure))
}

func goneSentence(a Assessment, c course) string {
	s := a.Silence
	text := fmt.Sprintf("GONE: silent %s since %s. %sVerdict since %s (day %.0f). Silence bounds the remaining rate by %s (95 %%)",
		days(s.WallDays), c.markWords(), chances(s), a.Since.Format(time.DateOnly), a.Since.Sub(s.Since).Hours()/hoursPerDay, rateWords(float64(s.RateUpper)))
	if lower := 1 - float64(s.RateUpper)/s.Rate; s.Rate > 0 && lower > 0 {
		text += fmt.Sprintf(": at least %s lower, not zero", atLeast(lower))
	}
	text += "."
	if len(c.mark.Removed) > 0 {
		text += fmt.Sprintf(" %s itself was not repaired or tested again.", valueWords(c.p.words(c.mark.Removed)))
	}
	if s.Stragglers > 0 {
		text += fmt.Sprintf(" %s from values without the fix are left out.", plural(s.Stragglers, "row"))
	}
	return text
}

// chances prints both probabilities of a silence.
func chances(s *Silence) string {
	return fmt.Sprintf("At the old rate (%s) that silence has probability %s; at the least favourable time scale of its own history %s. ",
		rateWords(s.Rate), probability(s.PKnown), probability(s.PWorst))
}

// need says when the verdict can be reached.
func need(s *Silence) string {
	switch {
	case !s.Counts:
		return "This silence began too late to count for the fix."
	case s.NeedDays.IsInf():
		return "Its history is too short for GONE."
	case s.UnfixedShare > 0:
		return fmt.Sprintf("%s of the exposure still lacks the fix: not gone before that ends.", percent(s.UnfixedShare))
	default:
		return fmt.Sprintf("It needs %s: GONE is possible on %s if it stays silent.", days(float64(s.NeedDays)), s.NeedUntil.Format(time.DateOnly))
	}
}

// markWords names the beginning of the silence.
func (c course) markWords() string {
	if c.mark != nil && c.start <= c.mark.At {
		return c.fixWords()
	}
	return minute(TimeOf(c.start))
}

// fixWords names the fix: "h151 was removed", or "the fix of 2026-02-09 16:00".
func (c course) fixWords() string {
	if c.mark.What != "" {
		return c.mark.What
	}
	return "the fix of " + minute(TimeOf(c.mark.At))
}

// stateWouldChange lists what would change the state.
func (a Assessment) stateWouldChange() []string {
	s := a.Silence
	switch a.State {
	case StateGone:
		return []string{"two episodes within a day make it a relapse"}
	case StateDisappearing, StatePaused:
		if s.Counts && !s.NeedUntil.IsZero() {
			return []string{fmt.Sprintf("silence until %s makes it gone; one episode starts the clock again", s.NeedUntil.Format(time.DateOnly))}
		}
	case StateQuiet:
		return []string{"a fix mark with the reason why it stopped"}
	case StateNotFixed, StateReduced:
		return []string{"a new fix mark: only silence that begins within a week of a mark counts"}
	case StateInsufficient:
		return []string{"more episodes"}
	}
	return nil
}

// String says it in a sentence.
func (u Uptime) String() string {
	side, other := "up for longer than", "at most"
	if u.Below {
		side, other = "up for at most", "longer than"
	}
	text := fmt.Sprintf("%d of %d crashes on hosts %s %s, where %s of the fleet's time is (gain %.0f nats)", u.Episodes, u.Of, side, days(u.Threshold), percent(u.Exposure), u.Gain)
	if u.Episodes == u.Of && u.Below {
		return text + fmt.Sprintf(": never on hosts up for %s %s.", other, days(u.Threshold))
	}
	return text + "."
}
