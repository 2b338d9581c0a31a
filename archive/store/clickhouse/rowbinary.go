package clickhouse

import (
	"encoding/binary"
	"errors"
	"math"

	"github.com/epicurve/epicurve/pkg/crash"
)

// rowEncoder writes rows in ClickHouse's RowBinary format: little-endian
// numbers, texts after their length, columns in the order of the statement.
type rowEncoder struct{ b []byte }

func (e *rowEncoder) int64(v int64)   { e.b = binary.LittleEndian.AppendUint64(e.b, uint64(v)) }
func (e *rowEncoder) uint64(v uint64) { e.b = binary.LittleEndian.AppendUint64(e.b, v) }
func (e *rowEncoder) id(v crash.ID)   { e.b = append(e.b, v[:]...) }

func (e *rowEncoder) flag(v bool) {
	if v {
		e.b = append(e.b, 1)
	} else {
		e.b = append(e.b, 0)
	}
}

func (e *rowEncoder) text(v string) {
	e.b = binary.AppendUvarint(e.b, uint64(len(v)))
	e.b = append(e.b, v...)
}

func (e *rowEncoder) texts(v []string) {
	e.b = binary.AppendUvarint(e.b, uint64(len(v)))
	for _, t := range v {
		e.text(t)
	}
}

func (e *rowEncoder) int64s(v []int64) {
	e.b = binary.AppendUvarint(e.b, uint64(len(v)))
	for _, n := range v {
		e.int64(n)
	}
}

// nullable writes the mark of a Nullable column; the value follows when known.
func (e *rowEncoder) nullable(known bool) bool {
	e.flag(!known)
	return known
}

// errShort is returned when an answer ends within a row.
var errShort = errors.New("the answer ends within a row")

// rowDecoder reads rows in RowBinary. After an error all further reads return
// zero values; err tells the first one.
type rowDecoder struct {
	b   []byte
	err error
}

func (d *rowDecoder) more() bool { return d.err == nil && len(d.b) > 0 }

func (d *rowDecoder) take(n uint64) []byte {
	if d.err != nil || uint64(len(d.b)) < n {
		if d.err == nil {
			d.err = errShort
		}
		return nil
	}
	v := d.b[:n]
	d.b = d.b[n:]
	return v
}

func (d *rowDecoder) uint64() uint64 {
	if v := d.take(8); v != nil {
		return binary.LittleEndian.Uint64(v)
	}
	return 0
}

func (d *rowDecoder) int64() int64     { return int64(d.uint64()) }
func (d *rowDecoder) float64() float64 { return math.Float64frombits(d.uint64()) }

func (d *rowDecoder) flag() bool {
	v := d.take(1)
	return v != nil && v[0] != 0
}

func (d *rowDecoder) length() uint64 {
	if d.err != nil {
		return 0
	}
	n, size := binary.Uvarint(d.b)
	if size <= 0 {
		d.err = errShort
		return 0
	}
	d.b = d.b[size:]
	return n
}

// bytes returns a text without a copy; it is valid as long as the answer is.
func (d *rowDecoder) bytes() []byte { return d.take(d.length()) }

func (d *rowDecoder) text() string { return string(d.bytes()) }

func (d *rowDecoder) texts() []string {
	n := d.length()
	if n == 0 || n > uint64(len(d.b)) {
		if n > 0 && d.err == nil {
			d.err = errShort
		}
		return nil
	}
	v := make([]string, 0, n)
	for range n {
		v = append(v, d.text())
	}
	return v
}

func (d *rowDecoder) id() (id crash.ID) {
	copy(id[:], d.take(uint64(len(id))))
	return id
}

// known reads the mark of a Nullable column and reports whether a value follows.
func (d *rowDecoder) known() bool { return !d.flag() && d.err == nil }
