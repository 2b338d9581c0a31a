package spool

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"time"

	"github.com/epicurve/epicurve/pkg/crash"
)

// Entry is one line of the log: a crash or an exposure (or, once read, neither,
// when it could not be decoded).
type Entry struct {
	// Seq numbers the entries from 1 without gaps; Append assigns it.
	Seq uint64 `json:"seq"`
	// Spooled is when the entry was made, UTC.
	Spooled  time.Time       `json:"spooled,omitzero"`
	Record   *crash.Record   `json:"record,omitempty"`
	Exposure *crash.Exposure `json:"exposure,omitempty"`
	// Damage says why the entry could not be decoded; it is never written.
	Damage string `json:"-"`
}

// A frame is the length of the payload (4 bytes, little endian), its CRC-32C
// (4 bytes), and the payload (JSON).
const (
	frameHeader = 8
	// maxPayload bounds what a length field may claim. A valid record is
	// far below it even with every list full.
	maxPayload = 1 << 20
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// errTorn says that the bytes at hand are no complete entry.
var errTorn = errors.New("torn entry")

func appendFrame(b []byte, e Entry) ([]byte, error) {
	payload, err := json.Marshal(e)
	if err != nil {
		return b, fmt.Errorf("spool entry %d: %w", e.Seq, err)
	}
	if len(payload) > maxPayload {
		return b, fmt.Errorf("spool entry %d has %d bytes, at most %d are allowed", e.Seq, len(payload), maxPayload)
	}
	b = binary.LittleEndian.AppendUint32(b, uint32(len(payload))) //nolint:gosec // bounded above
	b = binary.LittleEndian.AppendUint32(b, crc32.Checksum(payload, castagnoli))
	return append(b, payload...), nil
}

// cutFrame splits the first payload off b. It fails with errTorn when b does
// not begin with a whole, intact frame.
func cutFrame(b []byte) (payload, rest []byte, err error) {
	if len(b) < frameHeader {
		return nil, b, errTorn
	}
	n := binary.LittleEndian.Uint32(b)
	if n == 0 || n > maxPayload || uint64(len(b)) < frameHeader+uint64(n) {
		return nil, b, errTorn
	}
	payload = b[frameHeader : frameHeader+n]
	if crc32.Checksum(payload, castagnoli) != binary.LittleEndian.Uint32(b[4:]) {
		return nil, b, errTorn
	}
	return payload, b[frameHeader+n:], nil
}

func decodeEntry(payload []byte) (Entry, error) {
	var e Entry
	if err := json.Unmarshal(payload, &e); err != nil {
		return Entry{}, fmt.Errorf("spool entry: %w", err)
	}
	return e, nil
}
