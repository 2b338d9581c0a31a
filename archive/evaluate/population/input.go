package population

import (
	"slices"

	"github.com/epicurve/epicurve/pkg/epi"
)

// Input returns the population as the statistics want it; traffic weighs hosts
// by their traffic rather than equally.
func (p *Population) Input(traffic bool) epi.Input {
	columns := p.columns()
	in := epi.Input{From: epi.DayOf(p.From), To: epi.DayOf(p.To)}
	dictionaries := make([]dictionary, len(columns))
	in.Crashes.Codes = make([][]int32, len(columns))
	exposure := &epi.Exposure{Codes: make([][]int32, len(columns))}
	var classes, signatures dictionary
	for _, row := range p.Rows {
		in.Crashes.Time = append(in.Crashes.Time, epi.DayOf(row.Time))
		in.Crashes.Class.Codes = append(in.Crashes.Class.Codes, classes.code(row.Class))
		in.Crashes.Signature.Codes = append(in.Crashes.Signature.Codes, signatures.code(row.Signature))
		for i, c := range columns {
			in.Crashes.Codes[i] = append(in.Crashes.Codes[i], dictionaries[i].code(row.Values[c]))
		}
	}
	in.Crashes.Class.Values, in.Crashes.Signature.Values = classes.values, signatures.values
	for code, class := range classes.values {
		if class == "return-to-null" || class == "misaligned-stack" { // their signatures are callers
			in.Crashes.OneDisease = append(in.Crashes.OneDisease, int32(code))
		}
	}
	for _, d := range p.HostDays() {
		weight := 1.0
		if traffic {
			weight = d.Traffic
		}
		exposure.Day = append(exposure.Day, int32(epi.DayOf(d.Day)))
		exposure.Weight = append(exposure.Weight, weight)
		for i, c := range columns {
			exposure.Codes[i] = append(exposure.Codes[i], dictionaries[i].code(d.Values[c]))
		}
	}
	in.Exposure = exposure
	for _, o := range p.Outages {
		outage := epi.Outage{From: epi.DayOf(o.From), To: epi.DayOf(o.To)}
		if o.Region != "" {
			at := slices.Index(columns, Region)
			outage.Scope = epi.Predicate{{Dimension: at, Value: dictionaries[at].code(o.Region)}}
		}
		in.Outages = append(in.Outages, outage)
	}
	for i, c := range columns {
		in.Dimensions = append(in.Dimensions, epi.Dimension{Name: Columns[c], Role: roles[c], Values: dictionaries[i].values})
	}
	return in
}

var roles = [ColumnCount]epi.Role{Physical: epi.RolePhysicalHost, Host: epi.RoleHost, Build: epi.RoleBuild, Service: epi.RoleService, Region: epi.RoleRegion}

// columns leaves out the physical host when no file knows it.
func (p *Population) columns() []int {
	var columns []int
	for c := range Columns {
		known := c != Physical
		for _, h := range p.Hosts {
			known = known || h.Values[c] != ""
		}
		if known {
			columns = append(columns, c)
		}
	}
	return columns
}

// dictionary numbers texts in order of appearance.
type dictionary struct {
	values []string
	codes  map[string]int32
}

func (d *dictionary) code(text string) int32 {
	c, known := d.codes[text]
	if !known {
		if d.codes == nil {
			d.codes = map[string]int32{}
		}
		c = int32(len(d.values))
		d.codes[text] = c
		d.values = append(d.values, text)
	}
	return c
}
