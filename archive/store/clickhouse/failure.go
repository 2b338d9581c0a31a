package clickhouse

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// Error is what ClickHouse answered instead of doing what it was asked for. The
// codes are those of the server's ErrorCodes.cpp.
type Error struct {
	Host    string
	Code    int // 0 when the answer did not tell
	Message string
}

func (e *Error) Error() string {
	return fmt.Sprintf("ClickHouse at %s: code %d: %s", e.Host, e.Code, e.Message)
}

// Codes that this store acts on.
const (
	codeDuplicateColumn = 15
	codeEOF             = 32
	codeColumnExists    = 44
	codeTableExists     = 57
	codeNoColumns       = 90 // cluster() finds no server that knows a table
	codeSocketTimeout   = 209
	codeNetwork         = 210
	codeNoZooKeeper     = 225
	codeReadOnly        = 242
	codeManyParts       = 252
	codeStaleReplicas   = 264
	codeNoConnection    = 279
	codeFewReplicas     = 285
	codeUnknownStatus   = 319
	codeKeeper          = 999
)

var codePattern = regexp.MustCompile(`Code: (\d+)`)

const maxMessage = 600

// failure makes an error of an answer that is not 200.
func failure(host string, resp *http.Response, body []byte) error {
	text := strings.TrimSpace(string(body))
	e := &Error{Host: host, Message: text}
	code := resp.Header.Get("X-ClickHouse-Exception-Code")
	if m := codePattern.FindStringSubmatch(text); code == "" && m != nil {
		code = m[1]
	}
	e.Code, _ = strconv.Atoi(code)
	if len(e.Message) > maxMessage {
		e.Message = strings.ToValidUTF8(e.Message[:maxMessage], "") + "…"
	}
	if e.Message == "" {
		e.Message = resp.Status
	}
	if resp.StatusCode == http.StatusUnauthorized || resp.StatusCode == http.StatusForbidden {
		e.Message += " (check the user and the password file)"
	}
	return e
}

// code returns the code of an error of ClickHouse, 0 for any other error.
func code(err error) int {
	if e := (*Error)(nil); errors.As(err, &e) {
		return e.Code
	}
	return 0
}

// passing reports whether an error may go away by itself, or on another host.
func passing(err error) bool {
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return false
	}
	if e := (*Error)(nil); !errors.As(err, &e) {
		return true // the connection failed
	}
	return slices.Contains([]int{
		codeEOF, codeSocketTimeout, codeNetwork, codeNoZooKeeper, codeReadOnly, codeManyParts,
		codeStaleReplicas, codeNoConnection, codeFewReplicas, codeUnknownStatus, codeKeeper,
	}, code(err))
}

// shardMissing reports whether a statement failed because a part of the cluster
// could not be reached.
func shardMissing(err error) bool {
	return slices.Contains([]int{codeEOF, codeSocketTimeout, codeNetwork, codeStaleReplicas, codeNoConnection}, code(err))
}
