package rehearsal

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/epicurve/epicurve/pkg/query"
)

// judge asks the product, through the plugin, what happened, and compares every
// answer with the story.
func (st *stage) judge(ctx context.Context) error {
	var wrong []error
	for _, statement := range []struct {
		about string
		check func(context.Context) (said string, err error)
	}{
		{"nothing lost, nothing twice", st.complete},
		{"two diseases are gone, the rest goes on", st.clusters},
		{"one sits on a physical host", st.onOneMachine},
		{"the other is scattered", st.scattered},
		{"neither was gone too early", st.notTooEarly},
	} {
		said, err := statement.check(ctx)
		mark := "right"
		if err != nil {
			mark = "WRONG"
			wrong = append(wrong, fmt.Errorf("%s: %w", statement.about, err))
		}
		fmt.Fprintf(st.Out, "%s     %s\n", mark, statement.about)
		for line := range strings.Lines(strings.TrimSpace(said)) {
			fmt.Fprintf(st.Out, "          %s\n", strings.TrimSpace(line))
		}
	}
	return errors.Join(wrong...)
}

// whole is the story's time range until a day.
func (st *stage) until(day int) query.Range {
	return query.Range{From: st.story.day(0), To: st.story.day(day)}
}

func wrongf(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrWrong, fmt.Sprintf(format, args...))
}

// complete compares the counts of exporters (already awaited), archive and story.
func (st *stage) complete(ctx context.Context) (string, error) {
	status, err := st.client.Status(ctx)
	if err != nil {
		return "", err
	}
	said := fmt.Sprintf("%d crashes happened, the exporters counted %d, the archive keeps %d", st.story.crashes(), st.expected(), status.Records)
	if int(status.Records) != st.story.crashes() {
		return said, wrongf("%d records of %d crashes", status.Records, st.story.crashes())
	}
	return said, nil
}

func (st *stage) expected() (n int) {
	for _, h := range st.hosts {
		n += h.expected
	}
	return n
}

// clusters asks for the list of clusters over the whole story.
func (st *stage) clusters(ctx context.Context) (string, error) {
	list, err := st.plugin.table(ctx, st.until(st.story.days), map[string]any{"type": "clusters"})
	if err != nil {
		return "", err
	}
	var said strings.Builder
	want := map[string]int{raceCluster: st.story.race, shiftedCluster: st.story.shifted}
	found, rest := 0, 0
	var wrong []error
	for _, row := range list {
		cluster, state, crashes := row["cluster"].(string), row["state"].(string), int(row["crashes"].(int64)) //nolint:forcetypeassert // the golden frames fix the types
		fmt.Fprintf(&said, "%s: %s, %d crashes\n", cluster, state, crashes)
		switch n, disease := want[cluster]; {
		case !disease && state == "gone":
			wrong = append(wrong, wrongf("%s is gone, but goes on", cluster))
		case !disease:
			rest += crashes
		case crashes != n || state != "gone":
			wrong = append(wrong, wrongf("%s: %s with %d crashes, want gone with %d", cluster, state, crashes, n))
			found++
		default:
			found++
		}
	}
	if found != len(want) || rest != st.story.ordinary {
		wrong = append(wrong, wrongf("%d of the %d diseases listed, %d ordinary crashes of %d", found, len(want), rest, st.story.ordinary))
	}
	return said.String(), errors.Join(wrong...)
}

// verdict asks about one cluster as of a day.
func (st *stage) verdict(ctx context.Context, cluster string, day int) (map[string]any, error) {
	table, err := st.plugin.table(ctx, st.until(day), map[string]any{"type": "verdict", "cluster": cluster})
	if err != nil {
		return nil, err
	}
	if len(table) != 1 {
		return nil, wrongf("the verdict on %s has %d rows", cluster, len(table))
	}
	return table[0], nil
}

// onOneMachine asks what the misaligned crashes share, and since when.
func (st *stage) onOneMachine(ctx context.Context) (string, error) {
	v, err := st.verdict(ctx, shiftedCluster, st.story.days)
	if err != nil {
		return "", err
	}
	shares, _ := v["verdict_sentence"].(string)
	said := fmt.Sprint(v["sentence"], "\n", shares)
	var wrong []error
	if v["verdict"] != "all" {
		wrong = append(wrong, wrongf("verdict %v, want all", v["verdict"]))
	}
	for _, name := range append([]string{st.story.bad, st.story.region}, st.story.badVMs...) {
		if !strings.Contains(said, name) {
			wrong = append(wrong, wrongf("the sentences do not name %s", name))
		}
	}
	from, _ := v["onset_from"].(time.Time)
	to, _ := v["onset_to"].(time.Time)
	// The interval covers the true beginning in 95 of 100 stories; at twice
	// its width hardly any is missed.
	if onset := st.story.day(st.story.onset); onset.Before(from.Add(-to.Sub(from))) || onset.After(to) || to.IsZero() {
		wrong = append(wrong, wrongf("onset between %s and %s, was %s", from, to, onset))
	}
	return said, errors.Join(wrong...)
}

// scattered asks what the crashes of the race share.
func (st *stage) scattered(ctx context.Context) (string, error) {
	v, err := st.verdict(ctx, raceCluster, st.story.fixed)
	if err != nil {
		return "", err
	}
	said := fmt.Sprint("Before the fix: ", v["verdict_sentence"])
	if v["verdict"] != "scattered" {
		return said, wrongf("verdict %v, want scattered", v["verdict"])
	}
	return said, nil
}

// notTooEarly asks for every week of the story whether a disease was called gone
// while it went on, or within the first days after its fix.
func (st *stage) notTooEarly(ctx context.Context) (string, error) {
	var wrong []error
	asked := 0
	for cluster, end := range map[string]int{raceCluster: st.story.fixed, shiftedCluster: st.story.removed} {
		for day := st.story.onset + 10; day <= end+5; day += 5 {
			v, err := st.verdict(ctx, cluster, day)
			if err != nil {
				return "", err
			}
			asked++
			if v["state"] == "gone" {
				wrong = append(wrong, wrongf("%s gone on day %d, it ended on day %d", cluster, day, end))
			}
		}
	}
	return fmt.Sprintf("asked on %d days", asked), errors.Join(wrong...)
}
