package crash

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"hash"
)

// ID names a crash. It is deterministic: the same crash has the same id on
// every path it can take to the archive, which is what makes resending harmless.
// Its text form is that of a UUID of version 8 (RFC 9562, section 5.8).
type ID [16]byte

// IsZero reports whether the id was never set.
func (id ID) IsZero() bool { return id == ID{} }

// String returns the id in the UUID form, lower case.
func (id ID) String() string {
	var b [36]byte
	hex.Encode(b[0:8], id[0:4])
	hex.Encode(b[9:13], id[4:6])
	hex.Encode(b[14:18], id[6:8])
	hex.Encode(b[19:23], id[8:10])
	hex.Encode(b[24:36], id[10:16])
	b[8], b[13], b[18], b[23] = '-', '-', '-', '-'
	return string(b[:])
}

// ParseID reads the UUID form of an id, in either case.
func ParseID(s string) (ID, error) {
	var id ID
	if len(s) != 36 || s[8] != '-' || s[13] != '-' || s[18] != '-' || s[23] != '-' {
		return ID{}, fmt.Errorf("crash id %.40q: want 36 characters in UUID form", s)
	}
	digits := s[0:8] + s[9:13] + s[14:18] + s[19:23] + s[24:36]
	if _, err := hex.Decode(id[:], []byte(digits)); err != nil {
		return ID{}, fmt.Errorf("crash id %.40q: %w", s, err)
	}
	return id, nil
}

// MarshalText implements [encoding.TextMarshaler].
func (id ID) MarshalText() ([]byte, error) { return []byte(id.String()), nil }

// UnmarshalText implements [encoding.TextUnmarshaler].
func (id *ID) UnmarshalText(b []byte) error {
	v, err := ParseID(string(b))
	if err != nil {
		return err
	}
	*id = v
	return nil
}

// Hasher derives an ID from labelled parts. Labels and lengths are hashed with
// the content, so that no two different lists of parts give the same input.
type Hasher struct {
	h    hash.Hash
	head []byte // of the part being added; kept for the next
}

// NewHasher returns a hasher for one namespace ("core", "kernel_log", ...);
// equal parts in two namespaces give different ids.
func NewHasher(namespace string) *Hasher {
	h := &Hasher{h: sha256.New()}
	h.Add("epicurve.crash.id/1", []byte(namespace))
	return h
}

// Add hashes one labelled part.
func (h *Hasher) Add(label string, content []byte) {
	h.head = binary.BigEndian.AppendUint64(h.head[:0], uint64(len(label)))
	h.head = append(h.head, label...)
	h.head = binary.BigEndian.AppendUint64(h.head, uint64(len(content)))
	h.h.Write(h.head)
	h.h.Write(content)
}

// ID returns the id of the parts added so far.
func (h *Hasher) ID() ID {
	var id ID
	copy(id[:], h.h.Sum(nil))
	id[6] = id[6]&0x0f | 0x80 // version 8
	id[8] = id[8]&0x3f | 0x80 // RFC 9562 variant
	return id
}
