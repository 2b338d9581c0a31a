package duckdb

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"fmt"
	"sync"
)

// dictionary holds the texts that codes stand for, per column. Code 0 is always
// the empty text ("not known") and is not stored. Codes are never reused.
//
// One writer adds values in a pending set that becomes visible only after its
// transaction was committed; readers always see committed codes.
type dictionary struct {
	mu      sync.RWMutex
	columns map[string]*codes
}

type codes struct {
	values []string // by code
	of     map[string]int32
	boxed  []driver.Value // every code as the driver takes it, made once
}

func newCodes() *codes {
	return &codes{values: []string{""}, of: map[string]int32{"": 0}, boxed: []driver.Value{int32(0)}}
}

func (c *codes) add(code int32, value string) {
	c.values = append(c.values, value)
	c.of[value] = code
	c.boxed = append(c.boxed, code)
}

func loadDictionary(ctx context.Context, db *sql.DB) (d *dictionary, err error) {
	d = &dictionary{columns: make(map[string]*codes)}
	for _, dim := range dimensions() {
		d.columns[dim.column] = newCodes()
	}
	rows, err := db.QueryContext(ctx, "SELECT dimension, code, value FROM "+tableDict+" ORDER BY dimension, code")
	if err != nil {
		return nil, err
	}
	defer closeRows(rows, &err)
	for rows.Next() {
		var col, value string
		var code int32
		if err := rows.Scan(&col, &code, &value); err != nil {
			return nil, err
		}
		c := d.columns[col]
		if c == nil {
			return nil, fmt.Errorf("column %s is not known", col)
		}
		if int(code) != len(c.values) {
			return nil, fmt.Errorf("column %s: code %d follows %d", col, code, len(c.values)-1)
		}
		c.add(code, value)
	}
	return d, rows.Err()
}

// lookup returns the code of a value.
func (d *dictionary) lookup(column, value string) (int32, bool) {
	d.mu.RLock()
	defer d.mu.RUnlock()
	code, ok := d.columns[column].of[value]
	return code, ok
}

// value returns the text of a code.
func (d *dictionary) value(column string, code int32) string {
	d.mu.RLock()
	defer d.mu.RUnlock()
	if v := d.columns[column].values; code >= 0 && int(code) < len(v) {
		return v[code]
	}
	return ""
}

// match returns the codes whose values satisfy ok.
func (d *dictionary) match(column string, ok func(string) bool) []int32 {
	d.mu.RLock()
	values := d.columns[column].values
	d.mu.RUnlock()
	var found []int32
	for code, v := range values {
		if ok(v) {
			found = append(found, int32(code))
		}
	}
	return found
}

// pending collects the new values of one transaction.
type pending struct {
	d    *dictionary
	new  map[string]map[string]int32
	rows []dictRow
}

type dictRow struct {
	column string
	code   int32
	value  string
}

func (d *dictionary) begin() *pending {
	return &pending{d: d, new: make(map[string]map[string]int32)}
}

// coder returns a function that returns the codes of a column's values, new ones
// for those that have none. It needs no lock: only the writer, who calls it, ever
// adds values.
func (p *pending) coder(column string) func(value string) driver.Value {
	known := p.d.columns[column]
	news := p.new[column]
	if news == nil {
		news = make(map[string]int32)
		p.new[column] = news
	}
	return func(value string) driver.Value {
		if code, ok := known.of[value]; ok {
			return known.boxed[code]
		}
		if code, ok := news[value]; ok {
			return code
		}
		code := int32(len(known.values) + len(news))
		news[value] = code
		p.rows = append(p.rows, dictRow{column, code, value})
		return code
	}
}

// commit makes the new values visible.
func (p *pending) commit() {
	p.d.mu.Lock()
	defer p.d.mu.Unlock()
	for _, r := range p.rows {
		p.d.columns[r.column].add(r.code, r.value)
	}
}
