package otlp

import (
	"fmt"

	"google.golang.org/protobuf/encoding/protowire"
)

// maxDepth bounds the nesting of attribute values. The decoders of pdata recurse
// without a bound of their own, and a Go stack that overflows ends the process,
// so a request is measured before it is decoded.
const maxDepth = 32

var errTooDeep = fmt.Errorf("values are nested deeper than %d levels", maxDepth)

// A message of the request: what its length-delimited fields hold, by their
// numbers, none of which is larger.
type message [7]*message

// requestMessage is the part of ExportLogsServiceRequest that can hold values
// (opentelemetry/proto/logs/v1/logs.proto and common/v1/common.proto).
func requestMessage() *message {
	var anyValue, keyValue, list, keyValues message
	anyValue = message{5: &list, 6: &keyValues}
	list = message{1: &anyValue}
	keyValues = message{1: &keyValue}
	keyValue = message{2: &anyValue}
	resource := message{1: &keyValue, 3: {1: &list}}
	scope := message{3: &keyValue}
	logRecord := message{5: &anyValue, 6: &keyValue}
	scopeLogs := message{1: &scope, 2: &logRecord}
	resourceLogs := message{1: &resource, 2: &scopeLogs}
	return &message{1: &resourceLogs}
}

// field returns what a field holds, nil when that can't hold values.
func (m *message) field(n protowire.Number) *message {
	if n < 0 || int(n) >= len(m) {
		return nil
	}
	return m[n]
}

// checkProtoDepth fails when a value is nested too deep, or when the messages
// above the values are not protobuf.
func checkProtoDepth(b []byte) error {
	const above = 8 // messages around a value: request to log record, key and value
	return requestMessage().walk(b, above+2*maxDepth)
}

func (m *message) walk(b []byte, left int) error {
	if left == 0 {
		return errTooDeep
	}
	for len(b) > 0 {
		num, typ, n := protowire.ConsumeTag(b)
		if n < 0 {
			return protowire.ParseError(n)
		}
		b = b[n:]
		n = protowire.ConsumeFieldValue(num, typ, b)
		if n < 0 {
			return protowire.ParseError(n)
		}
		if inner := m.field(num); inner != nil && typ == protowire.BytesType {
			content, _ := protowire.ConsumeBytes(b)
			if err := inner.walk(content, left-1); err != nil {
				return err
			}
		}
		b = b[n:]
	}
	return nil
}

// checkJSONDepth fails when arrays and objects are nested too deep. It only
// counts brackets outside of strings; the decoder does the rest.
func checkJSONDepth(b []byte) error {
	const limit = 16 + 4*maxDepth // a nested value takes up to four brackets
	depth, inString, escaped := 0, false, false
	for _, c := range b {
		switch {
		case escaped:
			escaped = false
		case inString:
			escaped = c == '\\'
			inString = c != '"'
		case c == '"':
			inString = true
		case c == '{' || c == '[':
			if depth++; depth > limit {
				return errTooDeep
			}
		case c == '}' || c == ']':
			depth--
		}
	}
	return nil
}
