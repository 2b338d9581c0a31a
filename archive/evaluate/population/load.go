// Package population reads synthetic crash populations whose truth is known,
// and holds an evaluation to that truth. A population NAME is five files in one
// folder: NAME.csv (the crashes), NAME.hosts.csv, NAME.rollout.csv,
// NAME.outages.csv (the exposure) and NAME.truth.json. Whatever it does not
// understand is an error, never skipped: a truth that is not checked is none.
package population

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Population is one population with its truth.
type Population struct {
	Name    string
	Truth   Truth
	Rows    []Row
	Hosts   []HostInterval
	Rollout []Rollout
	Outages []Outage
	// From and To are the archive's window.
	From, To time.Time
}

// Row is one crash.
type Row struct {
	Time time.Time
	// Values are the values of Columns, "" where the file has no such column.
	Values           [ColumnCount]string
	Class, Signature string
}

// The columns by which crashes are compared.
const (
	Physical = iota
	Host
	Region
	Build
	Kernel
	CPUModel
	InstanceType
	Service
	ColumnCount
)

// Columns are the names of the columns in the files, most specific machine
// first.
var Columns = [ColumnCount]string{"physical_host", "host", "region", "build", "kernel", "cpu_model", "instance_type", "service"}

// HostInterval is a host from the moment its kernel was installed.
type HostInterval struct {
	Values  [ColumnCount]string // all but the build
	Traffic float64             // relative, 1 when unknown
	From    time.Time
}

// Rollout says when a build went live in a region.
type Rollout struct {
	Region, Build string
	From          time.Time
}

// Outage says when the feed of a region was dead; an empty region is the fleet.
type Outage struct {
	Region   string
	From, To time.Time
}

// LoadAll loads every population of a folder: each file that matches pop_*.csv
// and has a truth. No population at all is an error.
func LoadAll(fsys fs.FS) ([]*Population, error) {
	files, err := fs.Glob(fsys, "pop_*.csv")
	if err != nil {
		return nil, err
	}
	var all []*Population
	for _, file := range files {
		name := strings.TrimSuffix(path.Base(file), ".csv")
		if strings.Contains(name, ".") {
			continue // pop_x.hosts.csv and the like
		}
		p, err := Load(fsys, name)
		if err != nil {
			return nil, err
		}
		all = append(all, p)
	}
	if len(all) == 0 {
		return nil, errors.New("the folder holds no population pop_*.csv")
	}
	return all, nil
}

// Load loads one population.
func Load(fsys fs.FS, name string) (*Population, error) {
	p := &Population{Name: name}
	truth, err := fs.ReadFile(fsys, name+".truth.json")
	if err != nil {
		return nil, fmt.Errorf("population %s: %w", name, err)
	}
	if p.Truth, err = ParseTruth(truth); err != nil {
		return nil, fmt.Errorf("population %s: %s.truth.json: %w", name, name, err)
	}
	p.From, p.To = p.Truth.Archive[0], p.Truth.Archive[1]
	for _, part := range []struct {
		suffix string
		read   func(table) error
	}{{".csv", p.readRows}, {".hosts.csv", p.readHosts}, {".rollout.csv", p.readRollout}, {".outages.csv", p.readOutages}} {
		t, err := readTable(fsys, name+part.suffix)
		if err == nil {
			err = part.read(t)
		}
		if err != nil {
			return nil, fmt.Errorf("population %s: %s%s: %w", name, name, part.suffix, err)
		}
	}
	return p, nil
}

// table is a CSV file with a header.
type table struct {
	columns []string
	rows    [][]string
}

func readTable(fsys fs.FS, name string) (table, error) {
	raw, err := fs.ReadFile(fsys, name)
	if err != nil {
		return table{}, err
	}
	rows, err := csv.NewReader(bytes.NewReader(raw)).ReadAll()
	if err != nil {
		return table{}, err
	}
	if len(rows) == 0 {
		return table{}, errors.New("has no header")
	}
	return table{columns: rows[0], rows: rows[1:]}, nil
}

// expect checks that every column is known and that the needed ones are there.
func (t table) expect(needed, optional []string) error {
	for _, c := range t.columns {
		if !slices.Contains(needed, c) && !slices.Contains(optional, c) {
			return fmt.Errorf("column %q is not understood", c)
		}
	}
	for _, c := range needed {
		if !slices.Contains(t.columns, c) {
			return fmt.Errorf("column %q is missing", c)
		}
	}
	return nil
}

func (t table) get(row []string, column string) string {
	if i := slices.Index(t.columns, column); i >= 0 {
		return row[i]
	}
	return ""
}

func (t table) time(i int, column string) (time.Time, error) {
	at, err := time.Parse(time.RFC3339, t.get(t.rows[i], column))
	if err != nil {
		return at, fmt.Errorf("line %d: %s: %w", i+2, column, err)
	}
	return at, nil
}

func (p *Population) readRows(t table) error {
	if err := t.expect(append([]string{"time", "class", "signature"}, Columns[Host:]...), Columns[:Host]); err != nil {
		return err
	}
	for i, line := range t.rows {
		at, err := t.time(i, "time")
		if err != nil {
			return err
		}
		row := Row{Time: at, Class: t.get(line, "class"), Signature: t.get(line, "signature")}
		for c, name := range Columns {
			row.Values[c] = t.get(line, name)
		}
		p.Rows = append(p.Rows, row)
	}
	return nil
}

func (p *Population) readHosts(t table) error {
	needed := []string{"host", "region", "cpu_model", "instance_type", "service", "kernel_from", "kernel"}
	if err := t.expect(needed, []string{"traffic_weight", Columns[Physical]}); err != nil {
		return err
	}
	for i, line := range t.rows {
		h := HostInterval{Traffic: 1}
		var err error
		if h.From, err = t.time(i, "kernel_from"); err != nil {
			return err
		}
		for c, name := range Columns {
			h.Values[c] = t.get(line, name)
		}
		if text := t.get(line, "traffic_weight"); text != "" {
			if h.Traffic, err = strconv.ParseFloat(text, 64); err != nil || !(h.Traffic >= 0) {
				return fmt.Errorf("line %d: traffic_weight %q is not a weight", i+2, text)
			}
		}
		p.Hosts = append(p.Hosts, h)
	}
	return nil
}

func (p *Population) readRollout(t table) error {
	if err := t.expect([]string{"region", "build", "from"}, nil); err != nil {
		return err
	}
	for i, line := range t.rows {
		from, err := t.time(i, "from")
		if err != nil {
			return err
		}
		p.Rollout = append(p.Rollout, Rollout{Region: t.get(line, "region"), Build: t.get(line, "build"), From: from})
	}
	return nil
}

func (p *Population) readOutages(t table) error {
	if err := t.expect([]string{"region", "from", "to"}, nil); err != nil {
		return err
	}
	for i, line := range t.rows {
		from, err := t.time(i, "from")
		if err != nil {
			return err
		}
		to, err := t.time(i, "to")
		if err != nil {
			return err
		}
		p.Outages = append(p.Outages, Outage{Region: t.get(line, "region"), From: from, To: to})
	}
	return nil
}
