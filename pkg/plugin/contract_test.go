package plugin

import (
	"fmt"
	"slices"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/data"
)

// breach reports how frames break Grafana's data plane contract, the way that
// alerting, expressions and panels rely on it; nil is "not at all".
func breach(frames data.Frames) error {
	if len(frames) == 0 {
		return fmt.Errorf("no frame: no data is one frame that has a type and no fields")
	}
	for i, f := range frames {
		if err := breachOf(f, len(frames)); err != nil {
			return fmt.Errorf("frame %d: %w", i, err)
		}
	}
	return distinctLabels(frames)
}

func breachOf(f *data.Frame, frames int) error {
	if f.Meta == nil || f.Meta.Type == data.FrameTypeUnknown {
		return fmt.Errorf("has no type")
	}
	if f.Meta.TypeVersion == (data.FrameTypeVersion{}) {
		return fmt.Errorf("type %s has no version", f.Meta.Type)
	}
	if _, err := f.RowLen(); err != nil {
		return err
	}
	switch f.Meta.Type {
	case data.FrameTypeTimeSeriesMulti:
		return breachOfSeries(f, frames)
	case data.FrameTypeNumericMulti:
		return breachOfNumber(f, frames)
	case data.FrameTypeLogLines:
		return breachOfLogs(f)
	case data.FrameTypeTable:
		return nil
	default:
		return fmt.Errorf("type %s is not checked: teach this test", f.Meta.Type)
	}
}

func breachOfSeries(f *data.Frame, frames int) error {
	if len(f.Fields) == 0 {
		if frames > 1 {
			return fmt.Errorf("has no fields beside other frames")
		}
		return nil
	}
	if len(f.Fields) != 2 || f.Fields[0].Type() != data.FieldTypeTime || !f.Fields[1].Type().Numeric() {
		return fmt.Errorf("fields are %v; want a time that is never null and one number", f.Fields)
	}
	for row := 1; row < f.Fields[0].Len(); row++ {
		before, ok1 := f.Fields[0].At(row - 1).(time.Time)
		at, ok2 := f.Fields[0].At(row).(time.Time)
		if !ok1 || !ok2 || !before.Before(at) {
			return fmt.Errorf("time of row %d is not after the one before", row)
		}
	}
	return nil
}

func breachOfNumber(f *data.Frame, frames int) error {
	if len(f.Fields) == 0 && frames == 1 {
		return nil
	}
	if len(f.Fields) != 1 || !f.Fields[0].Type().Numeric() || f.Fields[0].Len() != 1 {
		return fmt.Errorf("want one number, got %d fields", len(f.Fields))
	}
	return nil
}

func breachOfLogs(f *data.Frame) error {
	want := []struct {
		name string
		kind data.FieldType
	}{{"timestamp", data.FieldTypeTime}, {"body", data.FieldTypeString}, {"severity", data.FieldTypeString}, {"id", data.FieldTypeString}, {"labels", data.FieldTypeJSON}}
	for i, w := range want {
		if i >= len(f.Fields) || f.Fields[i].Name != w.name || f.Fields[i].Type() != w.kind {
			return fmt.Errorf("field %d is not %s", i, w.name)
		}
	}
	return nil
}

// distinctLabels checks that no two series carry the same labels: alerting
// refuses them.
func distinctLabels(frames data.Frames) error {
	var seen []string
	for _, f := range frames {
		for _, field := range f.Fields {
			if f.Meta.Type != data.FrameTypeTimeSeriesMulti && f.Meta.Type != data.FrameTypeNumericMulti || field.Type().Time() {
				continue
			}
			name := field.Name + field.Labels.String()
			if slices.Contains(seen, name) {
				return fmt.Errorf("two series are labelled %s", name)
			}
			seen = append(seen, name)
		}
	}
	return nil
}
