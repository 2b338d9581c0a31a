package plugin

import (
	"context"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/data"

	"github.com/epicurve/epicurve/pkg/query"
)

func askVerdict(ctx context.Context, c *query.Client, q question) (data.Frames, error) {
	answer, err := c.Verdict(ctx, q.Request)
	if err != nil {
		return nil, err
	}
	var frames data.Frames
	switch q.Format {
	case FormatAuto, FormatTable:
		frames = data.Frames{verdictTable(answer)}
	case FormatCurve:
		frames = silenceCurve(answer)
	default:
		return nil, formatError(q, FormatTable, FormatCurve)
	}
	notify(frames, answer.Meta, answer.Assessment.Notes...)
	return frames, nil
}

// verdictTable is one row: the cluster's state, what is concluded, and when
// "gone" can be said.
func verdictTable(answer query.Verdict) *data.Frame {
	type row = query.Verdict
	rows := []row{answer}
	text := func(name, display string, of func(row) string) *data.Field { return column(name, display, rows, of) }
	moment := func(name, display string, of func(row) time.Time) *data.Field {
		return column(name, display, rows, func(r row) *time.Time { return known(of(r)) })
	}
	fields := []*data.Field{
		text("cluster", "Cluster", func(r row) string { return r.Assessment.Cluster }),
		text("state", "State", func(r row) string { return string(r.Assessment.State) }),
		text("sentence", "In a sentence", func(r row) string { return r.Assessment.Sentence }),
		text("verdict", "Verdict", func(r row) string { return string(r.Assessment.Verdict.Kind) }),
		text("verdict_sentence", "What it shares", func(r row) string { return r.Assessment.Verdict.Sentence }),
		text("grade", "Grade", func(r row) string { return string(r.Assessment.Grade) }),
		column("episodes", "Episodes", rows, func(r row) int64 { return int64(r.Assessment.Episodes) }),
		column("crashes", "Crashes", rows, func(r row) int64 { return int64(r.Assessment.Rows) }),
		column("hosts", "Hosts", rows, func(r row) int64 { return int64(r.Assessment.Hosts) }),
		moment("first_seen", "First seen", func(r row) time.Time { return r.Assessment.FirstSeen }),
		moment("last_seen", "Last seen", func(r row) time.Time { return r.Assessment.LastSeen }),
		moment("since", "Since", func(r row) time.Time { return r.Assessment.Since }),
		text("would_change", "What would change the answer", func(r row) string { return joinLines(r.Assessment.WouldChange) }),
		text("label", "Label", func(r row) string { return r.Ledger.Label }),
	}
	fields = append(fields, onsetFields(rows)...)
	fields = append(fields, silenceFields(rows)...)
	f := typed(data.FrameTypeTable, fields...)
	f.Name = "verdict"
	f.Meta.PreferredVisualization = data.VisTypeTable
	return f
}

func onsetFields(rows []query.Verdict) []*data.Field {
	at := func(name, display string, of func(query.Verdict) time.Time) *data.Field {
		return column(name, display, rows, func(r query.Verdict) *time.Time {
			if o := r.Assessment.Onset; o == nil || o.Censored {
				return nil
			}
			return known(of(r))
		})
	}
	return []*data.Field{
		at("onset_from", "Onset from", func(r query.Verdict) time.Time { return r.Assessment.Onset.Earliest }),
		at("onset_likely", "Onset, most likely", func(r query.Verdict) time.Time { return r.Assessment.Onset.Likely }),
		at("onset_to", "Onset to", func(r query.Verdict) time.Time { return r.Assessment.Onset.First }),
	}
}

func silenceFields(rows []query.Verdict) []*data.Field {
	number := func(name, display, unit string, of func(query.Verdict) *float64) *data.Field {
		f := column(name, display, rows, func(r query.Verdict) *float64 {
			if r.Assessment.Silence == nil {
				return nil
			}
			return of(r)
		})
		f.Config.Unit = unit
		return f
	}
	return []*data.Field{
		number("quiet_days", "Silent for", "d", func(r query.Verdict) *float64 { return finite(r.Assessment.Silence.QuietDays) }),
		number("need_days", "Silence needed", "d", func(r query.Verdict) *float64 { return finite(r.Assessment.Silence.NeedDays) }),
		number("rate_before", "Rate before", "suffix: /day", func(r query.Verdict) *float64 { return finite(r.Assessment.Silence.Rate) }),
		number("rate_upper", "Rate now, at most", "suffix: /day", func(r query.Verdict) *float64 { return finite(r.Assessment.Silence.RateUpper) }),
		number("p_silence", "Chance of this silence", "percentunit", func(r query.Verdict) *float64 { return finite(r.Assessment.Silence.PWorst) }),
		column("need_until", "Gone can be said", rows, func(r query.Verdict) *time.Time {
			if r.Assessment.Silence == nil {
				return nil
			}
			return known(r.Assessment.Silence.NeedUntil)
		}),
	}
}

// silenceCurve is how the chance of the present silence, were nothing fixed,
// has fallen and will fall, against the limit under which "gone" is said.
func silenceCurve(answer query.Verdict) data.Frames {
	s := answer.Assessment.Silence
	if s == nil || len(s.Curve) == 0 {
		return data.Frames{typed(data.FrameTypeTimeSeriesMulti)}
	}
	var times []time.Time
	var seen, expected, limit []*float64
	for i, p := range s.Curve {
		if len(times) > 0 && !p.At.After(times[len(times)-1]) {
			continue // the day on which the observed and the expected meet
		}
		times = append(times, p.At)
		value := finite(p.PWorst)
		last := !p.Expected && (i+1 == len(s.Curve) || s.Curve[i+1].Expected)
		seen, expected = append(seen, unless(p.Expected, value)), append(expected, unless(!p.Expected && !last, value))
		limit = append(limit, finite(s.Alpha))
	}
	series := func(name, display string, values []*float64) *data.Frame {
		v := data.NewField(name, data.Labels{"cluster": answer.Assessment.Cluster}, values)
		v.Config = &data.FieldConfig{DisplayNameFromDS: display, Unit: "percentunit"}
		return typed(data.FrameTypeTimeSeriesMulti, data.NewField(data.TimeSeriesTimeFieldName, nil, times), v)
	}
	return data.Frames{
		series("chance", "Chance of this silence", seen),
		series("expected", "If it stays silent", expected),
		series("limit", "Limit for gone", limit),
	}
}

func unless(absent bool, v *float64) *float64 {
	if absent {
		return nil
	}
	return v
}
