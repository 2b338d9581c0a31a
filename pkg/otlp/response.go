package otlp

import (
	"encoding/json"
	"fmt"
	"strings"

	"google.golang.org/protobuf/encoding/protowire"
)

// PartialSuccess is the part of an ExportLogsServiceResponse that says how many
// log records were refused, and which and why. The zero value is full success.
type PartialSuccess struct {
	Rejected int64
	Message  string
}

// maxNamed bounds the refusals that a message names one by one.
const maxNamed = 20

// PartialSuccess summarizes the batch's refusals.
func (b *Batch) PartialSuccess() PartialSuccess {
	if len(b.Refused) == 0 {
		return PartialSuccess{}
	}
	var lines []string
	for i, r := range b.Refused {
		if i == maxNamed {
			lines = append(lines, fmt.Sprintf("and %d more", len(b.Refused)-maxNamed))
			break
		}
		lines = append(lines, r.Error())
	}
	return PartialSuccess{Rejected: int64(len(b.Refused)), Message: strings.Join(lines, "; ")}
}

// Numbers of the fields in collector/logs/v1/logs_service.proto.
const (
	fieldPartialSuccess = 1
	fieldRejected       = 1
	fieldErrorMessage   = 2
)

// MarshalProto returns an ExportLogsServiceResponse in protobuf; full success
// is an empty message.
func (p PartialSuccess) MarshalProto() []byte {
	if p == (PartialSuccess{}) {
		return []byte{}
	}
	var inner []byte
	if p.Rejected != 0 {
		inner = protowire.AppendTag(inner, fieldRejected, protowire.VarintType)
		inner = protowire.AppendVarint(inner, uint64(p.Rejected))
	}
	if p.Message != "" {
		inner = protowire.AppendTag(inner, fieldErrorMessage, protowire.BytesType)
		inner = protowire.AppendString(inner, p.Message)
	}
	b := protowire.AppendTag(nil, fieldPartialSuccess, protowire.BytesType)
	return protowire.AppendBytes(b, inner)
}

// jsonResponse is the JSON encoding of ExportLogsServiceResponse; protobuf's
// JSON writes 64-bit integers as text.
type jsonResponse struct {
	PartialSuccess *struct {
		Rejected json.Number `json:"rejectedLogRecords,omitempty"`
		Message  string      `json:"errorMessage,omitempty"`
	} `json:"partialSuccess,omitempty"`
}

// MarshalJSON returns an ExportLogsServiceResponse in OTLP's JSON encoding.
func (p PartialSuccess) MarshalJSON() ([]byte, error) {
	if p == (PartialSuccess{}) {
		return []byte("{}"), nil
	}
	return json.Marshal(map[string]any{"partialSuccess": map[string]any{
		"rejectedLogRecords": fmt.Sprint(p.Rejected), "errorMessage": p.Message,
	}})
}

// UnmarshalResponse reads the body of a reply to an OTLP request in the given
// content type. An empty body is full success.
func UnmarshalResponse(contentType string, body []byte) (PartialSuccess, error) {
	if strings.HasPrefix(contentType, "application/json") {
		return unmarshalJSONResponse(body)
	}
	inner, err := field(body, fieldPartialSuccess)
	if err != nil {
		return PartialSuccess{}, err
	}
	var p PartialSuccess
	for len(inner) > 0 {
		num, typ, n := protowire.ConsumeTag(inner)
		if n < 0 {
			return PartialSuccess{}, fmt.Errorf("OTLP response: %w", protowire.ParseError(n))
		}
		inner = inner[n:]
		switch {
		case num == fieldRejected && typ == protowire.VarintType:
			v, _ := protowire.ConsumeVarint(inner)
			p.Rejected = int64(v)
		case num == fieldErrorMessage && typ == protowire.BytesType:
			v, _ := protowire.ConsumeString(inner)
			p.Message = v
		}
		if n = protowire.ConsumeFieldValue(num, typ, inner); n < 0 {
			return PartialSuccess{}, fmt.Errorf("OTLP response: %w", protowire.ParseError(n))
		}
		inner = inner[n:]
	}
	return p, nil
}

func unmarshalJSONResponse(body []byte) (PartialSuccess, error) {
	var r jsonResponse
	if len(body) == 0 {
		return PartialSuccess{}, nil
	}
	if err := json.Unmarshal(body, &r); err != nil {
		return PartialSuccess{}, fmt.Errorf("OTLP response: %w", err)
	}
	if r.PartialSuccess == nil {
		return PartialSuccess{}, nil
	}
	n, err := r.PartialSuccess.Rejected.Int64()
	if err != nil && r.PartialSuccess.Rejected != "" {
		return PartialSuccess{}, fmt.Errorf("OTLP response: rejectedLogRecords: %w", err)
	}
	return PartialSuccess{Rejected: n, Message: r.PartialSuccess.Message}, nil
}

// field returns the content of the length-delimited field want of a message.
func field(b []byte, want protowire.Number) ([]byte, error) {
	var found []byte
	for len(b) > 0 {
		num, typ, n := protowire.ConsumeTag(b)
		if n < 0 {
			return nil, fmt.Errorf("OTLP response: %w", protowire.ParseError(n))
		}
		b = b[n:]
		n = protowire.ConsumeFieldValue(num, typ, b)
		if n < 0 {
			return nil, fmt.Errorf("OTLP response: %w", protowire.ParseError(n))
		}
		if num == want && typ == protowire.BytesType {
			found, _ = protowire.ConsumeBytes(b)
		}
		b = b[n:]
	}
	return found, nil
}
