package logsource

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
)

// EntryReader reads journal entries one after another.
type EntryReader interface {
	// Next returns the next entry, io.EOF after the last. An error that wraps
	// ErrEntry is about one entry: the next call goes on after it.
	Next() (Entry, error)
}

// ErrEntry is wrapped by errors about one journal entry.
var ErrEntry = errors.New("journal entry cannot be read")

// maxEntryLine bounds a line of a stream; longer ones are skipped to their end.
const maxEntryLine = 4 << 20

// NewJSONReader reads what journalctl prints with --output=json: an object a
// line, whose values are texts, arrays of bytes where they are not UTF-8, arrays
// of those where a field is repeated, and null where a field is too long
// (systemd: docs/JOURNAL_EXPORT_FORMATS.md).
func NewJSONReader(r io.Reader) EntryReader { return &jsonReader{bufio.NewReaderSize(r, 64<<10)} }

type jsonReader struct{ r *bufio.Reader }

func (j *jsonReader) Next() (Entry, error) {
	for {
		line, err := boundedLine(j.r)
		if err != nil {
			return nil, err
		}
		if line = bytes.TrimSpace(line); len(line) > 0 {
			return parseJSONEntry(line)
		}
	}
}

func parseJSONEntry(line []byte) (Entry, error) {
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(line, &fields); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrEntry, err)
	}
	e := make(Entry)
	for name, raw := range fields {
		if !keptField(name) {
			continue
		}
		if value, ok := jsonValue(raw); ok {
			e.keep(name, value)
		}
	}
	return e, nil
}

// jsonValue reads a value: a text, bytes, or the first of several.
func jsonValue(raw json.RawMessage) (string, bool) {
	var text string
	if json.Unmarshal(raw, &text) == nil && string(raw) != "null" {
		return text, true
	}
	var numbers []uint16 // []byte would be taken for base64
	if json.Unmarshal(raw, &numbers) == nil && len(numbers) > 0 {
		b := make([]byte, len(numbers))
		for i, n := range numbers {
			b[i] = byte(n) //nolint:gosec // a byte, by the format
		}
		return string(b), true
	}
	var several []json.RawMessage
	if json.Unmarshal(raw, &several) == nil && len(several) > 0 && len(several[0]) > 0 && several[0][0] != '[' {
		return jsonValue(several[0])
	}
	return "", false
}

// NewExportReader reads the Journal Export Format: lines NAME=VALUE, or NAME, a
// 64-bit little-endian length, bytes and a newline; an empty line ends an entry.
func NewExportReader(r io.Reader) EntryReader {
	return &exportReader{r: bufio.NewReaderSize(r, 64<<10)}
}

type exportReader struct {
	r *bufio.Reader
}

// maxExportField bounds a binary field: a core in the journal (Storage=journal)
// has at most 767 MiB by default, and is skipped.
const maxExportField = 16 << 30

func (x *exportReader) Next() (Entry, error) {
	e := make(Entry)
	for {
		line, err := boundedLine(x.r)
		if errors.Is(err, ErrEntry) {
			continue // a text that long is none that is kept
		}
		if errors.Is(err, io.EOF) && len(e) > 0 {
			return nil, io.ErrUnexpectedEOF // the entry has no end: it is still being written
		}
		if err != nil {
			return nil, err
		}
		if len(line) == 0 {
			if len(e) > 0 {
				return e, nil
			}
			continue
		}
		name, value, isText := strings.Cut(string(line), "=")
		if !isText {
			if value, err = x.binary(name); err != nil {
				return nil, err
			}
		}
		e.keep(name, value)
	}
}

// binary reads the value of a field that is not a line.
func (x *exportReader) binary(name string) (string, error) {
	if !fieldName(name) {
		return "", fmt.Errorf("journal export: %.60q is not the name of a field", name)
	}
	var size uint64
	if err := binary.Read(x.r, binary.LittleEndian, &size); err != nil {
		return "", noEOF(err)
	}
	if size > maxExportField {
		return "", fmt.Errorf("journal export: field %s of %d bytes", name, size)
	}
	var value []byte
	if keptField(name) {
		value = make([]byte, min(size, maxField))
		if _, err := io.ReadFull(x.r, value); err != nil {
			return "", noEOF(err)
		}
	}
	if _, err := io.CopyN(io.Discard, x.r, int64(size)-int64(len(value))); err != nil { //nolint:gosec // bounded above
		return "", noEOF(err)
	}
	if b, err := x.r.ReadByte(); err != nil || b != '\n' {
		return "", errors.Join(fmt.Errorf("journal export: field %s does not end with a newline", name), noEOF(err))
	}
	return string(value), nil
}

// fieldName reports whether a name is one of a journal field.
func fieldName(s string) bool {
	for _, c := range []byte(s) {
		if c != '_' && (c < 'A' || c > 'Z') && (c < '0' || c > '9') {
			return false
		}
	}
	return s != "" && len(s) <= 64
}

func noEOF(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}

// boundedLine reads a line without its end. A last line without one is not
// complete: the error is io.EOF. A line beyond the bound is skipped.
func boundedLine(r *bufio.Reader) ([]byte, error) {
	var line []byte
	long := false
	for {
		part, err := r.ReadSlice('\n')
		if len(line)+len(part) > maxEntryLine {
			long = true
		}
		if !long {
			line = append(line, part...)
		}
		switch {
		case errors.Is(err, bufio.ErrBufferFull):
		case err != nil:
			return nil, err
		case long:
			return nil, fmt.Errorf("%w: a line of more than %d bytes", ErrEntry, maxEntryLine)
		default:
			return bytes.TrimSuffix(line, []byte("\n")), nil
		}
	}
}
