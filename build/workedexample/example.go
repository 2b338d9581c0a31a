package main

import (
	"bytes"
	"cmp"
	"encoding/csv"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"github.com/epicurve/epicurve/archive/ledger"
)

// seed is the one of the files in docs/worked-example.
const seed = 20260312

// The course of the example.
var (
	begin     = day(1, 1)
	arrives   = day(2, 10) // the new model gets a quarter of the runs
	reviewed  = day(3, 13) // 60 failures were reviewed
	modelOut  = day(3, 13) // the new model is taken out
	promptFix = day(3, 20) // the prompt for gift cards is mended
	modelBack = day(5, 20) // somebody lets the new model in again
	modelGone = day(5, 23) // and it is taken out again
	end       = day(9, 30)
)

const (
	oldModel, newModel = "acme-large-2025-11", "acme-large-2026-02"
	plain, gift        = "refund request", "gift card refund"
	complaint          = "wrong refund amount"
)

func day(m time.Month, d int) time.Time { return time.Date(2026, m, d, 0, 0, 0, 0, time.UTC) }

// failure is one row.
type failure struct {
	at                            time.Time
	model, input, region, segment string
}

// Files draws the example.
func Files() map[string][]byte {
	random := rand.New(rand.NewPCG(seed, 0)) //nolint:gosec // the example must be the same every time
	early := append(
		draw(random, 30, arrives, reviewed, newModel, ""),
		draw(random, 30, begin, reviewed, "", gift)...,
	)
	later := append(
		draw(random, 3, reviewed, promptFix, "", gift),
		draw(random, 4, modelBack, modelGone, newModel, "")...,
	)
	return map[string][]byte{"failures.csv": rows(early), "later.csv": rows(later), "runs.csv": runs()}
}

// draw spreads failures evenly over an interval, each with its own chance; a
// property that the disease does not fix is drawn as the runs have it.
func draw(random *rand.Rand, n int, from, to time.Time, model, input string) []failure {
	step := to.Sub(from) / time.Duration(n)
	var all []failure
	for i := range n {
		f := failure{
			at:    from.Add(time.Duration(i) * step).Add(time.Duration(random.Float64() * float64(step))).Truncate(time.Second),
			model: model, input: input,
		}
		if f.model == "" {
			f.model = oldModel
			if offered(f.at) && random.Float64() < newShare {
				f.model = newModel
			}
		}
		if f.input == "" {
			f.input = plain
			if random.Float64() < giftShare {
				f.input = gift
			}
		}
		f.region = pick(random, regions)
		f.segment = pick(random, segments)
		all = append(all, f)
	}
	return all
}

// share is a value with its part of the runs.
type share struct {
	value string
	part  float64
}

var (
	regions  = []share{{"eu-1", 0.5}, {"us-2", 0.3}, {"ap-1", 0.2}}
	segments = []share{{"consumer", 0.7}, {"business", 0.3}}
)

const (
	newShare   = 0.25 // of the runs, while the new model is offered
	giftShare  = 0.08
	runsPerDay = 2400
)

func pick(random *rand.Rand, from []share) string {
	x := random.Float64()
	for _, s := range from {
		if x -= s.part; x < 0 {
			return s.value
		}
	}
	return from[len(from)-1].value
}

// offered reports whether the new model got runs at that time.
func offered(t time.Time) bool {
	first := !t.Before(arrives) && t.Before(modelOut)
	again := !t.Before(modelBack) && t.Before(modelGone)
	return first || again
}

func rows(failures []failure) []byte {
	slices.SortFunc(failures, func(a, b failure) int { return cmp.Compare(a.at.Unix(), b.at.Unix()) })
	lines := [][]string{ledger.Columns()}
	for _, f := range failures {
		lines = append(lines, []string{
			"wrong_output", f.at.Format(time.RFC3339) + " support-chat", f.input, "orders.lookup > refund.create",
			strings.Join([]string{"model=" + f.model, "segment=" + f.segment, "region=" + f.region, "judge=human"}, "; "),
			complaint, "new", "", "",
		})
	}
	return table(lines)
}

// runs counts a day's runs by model, input type, segment and region.
func runs() []byte {
	lines := [][]string{{"runs.start", "runs.length_seconds", "runs.count", "service.name", "workflow.path", "gen_ai.response.model", "workflow.input_type", "cloud.region"}}
	for t := begin; t.Before(end); t = t.AddDate(0, 0, 1) {
		models := []share{{oldModel, 1}}
		if offered(t) {
			models = []share{{oldModel, 1 - newShare}, {newModel, newShare}}
		}
		for _, m := range models {
			for _, i := range []share{{plain, 1 - giftShare}, {gift, giftShare}} {
				for _, r := range regions {
					count := fmt.Sprintf("%.0f", runsPerDay*m.part*i.part*r.part)
					lines = append(lines, []string{t.Format(time.RFC3339), "86400", count, "support-chat", "orders.lookup > refund.create", m.value, i.value, r.value})
				}
			}
		}
	}
	return table(lines)
}

func table(lines [][]string) []byte {
	var out bytes.Buffer
	w := csv.NewWriter(&out)
	if err := w.WriteAll(lines); err != nil {
		panic(err) // a buffer takes everything
	}
	return out.Bytes()
}
