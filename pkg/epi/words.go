package epi

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// minute prints a time to the minute, UTC.
func minute(t time.Time) string { return t.UTC().Format("2006-01-02 15:04") }

// percent prints a share: "97 %", "0.25 %", "<0.01 %".
func percent(share float64) string {
	x := 100 * share
	switch {
	case x == 0 || x >= 99.95:
		return strconv.FormatFloat(math.Round(x), 'f', -1, 64) + " %"
	case x < 0.01:
		return "<0.01 %"
	case x < 1:
		return strconv.FormatFloat(x, 'g', 2, 64) + " %"
	case x > 99:
		return strconv.FormatFloat(x, 'f', 1, 64) + " %"
	default:
		return strconv.FormatFloat(math.Round(x), 'f', -1, 64) + " %"
	}
}

// atLeast prints a lower bound of a share, rounded down.
func atLeast(share float64) string {
	return strconv.FormatFloat(math.Floor(100*share+1e-9), 'f', -1, 64) + " %"
}

// probability prints a chance: "0.30", "2e-6".
func probability(p float64) string {
	switch {
	case p == 0:
		return "<1e-300"
	case p >= 0.01:
		return strconv.FormatFloat(p, 'f', 2, 64)
	default:
		return compactExponent(strconv.FormatFloat(p, 'e', 1, 64))
	}
}

// tailWords prints a p from its decimal logarithm, so that it never underflows.
func tailWords(log10 float64) string {
	if log10 > -300 {
		return probability(math.Pow(10, log10))
	}
	return fmt.Sprintf("1e%d", int(math.Ceil(log10)))
}

func compactExponent(s string) string {
	mantissa, exponent, ok := strings.Cut(s, "e")
	if !ok {
		return s
	}
	n, err := strconv.Atoi(exponent)
	if err != nil {
		return s
	}
	return strings.TrimSuffix(mantissa, ".0") + "e" + strconv.Itoa(n)
}

// days prints a span: "111 d", "19.9 d", "0.4 d".
func days(d float64) string {
	if math.IsInf(d, 0) || d >= 1e6 {
		return "for ever"
	}
	if d >= 100 {
		return strconv.FormatFloat(math.Round(d), 'f', -1, 64) + " d"
	}
	return strings.TrimSuffix(strconv.FormatFloat(d, 'f', 1, 64), ".0") + " d"
}

// times prints a lift: "×61", "×1.3".
func times(r Real) string {
	switch {
	case r.IsInf():
		return "×∞"
	case r >= 10:
		return "×" + strconv.FormatFloat(float64(r), 'f', 0, 64)
	default:
		return "×" + strconv.FormatFloat(float64(r), 'f', 1, 64)
	}
}

// rateWords prints a rate: "13.5/day", "0.027/day".
func rateWords(perDay float64) string {
	switch {
	case perDay >= 100:
		return strconv.FormatFloat(perDay, 'f', 0, 64) + "/day"
	case perDay >= 1:
		return strconv.FormatFloat(perDay, 'f', 1, 64) + "/day"
	default:
		return strconv.FormatFloat(perDay, 'g', 2, 64) + "/day"
	}
}

// plural counts a noun: "1 episode", "99 episodes".
func plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return strconv.Itoa(n) + " " + noun + "s"
}

// several joins at most limit words: "a, b and 3 more".
func several(words []string, limit int) string {
	if len(words) > limit {
		return strings.Join(words[:limit], ", ") + fmt.Sprintf(" and %d more", len(words)-limit)
	}
	if len(words) < 2 {
		return strings.Join(words, "")
	}
	return strings.Join(words[:len(words)-1], ", ") + " and " + words[len(words)-1]
}

func valueWords(values []Value) string {
	words := make([]string, len(values))
	for i, v := range values {
		words[i] = v.String()
	}
	return strings.Join(words, " ∧ ")
}
