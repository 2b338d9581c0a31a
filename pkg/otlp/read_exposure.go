package otlp

import (
	"fmt"
	"math"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/epicurve/epicurve/pkg/crash"
)

// readExposure reads one slot of exposure and validates it.
func readExposure(lr plog.LogRecord, resource pcommon.Map) (crash.Exposure, error) {
	var r crash.Record
	if _, err := readResource(&r, resource); err != nil {
		return crash.Exposure{}, err
	}
	e := crash.Exposure{Start: lr.Timestamp().AsTime().Truncate(time.Microsecond)}
	var err error
	for name, v := range lr.Attributes().All() {
		switch name {
		case attrLength:
			e.Length, err = seconds(name, v)
		case attrCovered:
			e.Covered, err = seconds(name, v)
		case attrLimited:
			e.Limited, err = seconds(name, v)
		case attrBuilds:
			e.Builds, err = readBuilds(v)
		default:
			if f, ok := crash.FieldByName(name); ok {
				err = setField(&r, f, v)
			}
		}
		if err != nil {
			return crash.Exposure{}, err
		}
	}
	e.Host, e.Cloud, e.Node = r.Host, r.Cloud, r.Container.Node
	if err := e.Validate(); err != nil {
		return crash.Exposure{}, err
	}
	return e, nil
}

func readBuilds(v pcommon.Value) ([]crash.ExposedBuild, error) {
	if v.Type() != pcommon.ValueTypeSlice || v.Slice().Len() > crash.MaxBuilds {
		return nil, fmt.Errorf("%w: %s is not a list of at most %d builds", crash.ErrInvalid, attrBuilds, crash.MaxBuilds)
	}
	builds := make([]crash.ExposedBuild, 0, v.Slice().Len())
	for i, item := range v.Slice().All() {
		if item.Type() != pcommon.ValueTypeMap {
			return nil, fmt.Errorf("%w: %s[%d] is not a map", crash.ErrInvalid, attrBuilds, i)
		}
		var b crash.ExposedBuild
		var err error
		for name, v := range item.Map().All() {
			switch name {
			case "service.name":
				b.ServiceName = v.AsString()
			case "service.version":
				b.ServiceVersion = v.AsString()
			case "process.executable.build_id.gnu":
				b.BuildID = v.AsString()
			case attrRunning:
				b.Running, err = seconds(name, v)
			}
			if err != nil {
				return nil, fmt.Errorf("%s[%d]: %w", attrBuilds, i, err)
			}
		}
		builds = append(builds, b)
	}
	return builds, nil
}

// seconds reads a duration of at most a day, exact to the nanosecond.
func seconds(name string, v pcommon.Value) (time.Duration, error) {
	s := math.NaN()
	switch v.Type() {
	case pcommon.ValueTypeDouble:
		s = v.Double()
	case pcommon.ValueTypeInt:
		s = float64(v.Int())
	}
	if !(s >= 0 && s <= (24*time.Hour).Seconds()) {
		return 0, fmt.Errorf("%w: %s %.40q is not a number of seconds within a day", crash.ErrInvalid, name, v.AsString())
	}
	return time.Duration(math.Round(s * 1e9)), nil
}
