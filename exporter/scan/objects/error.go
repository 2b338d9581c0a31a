package objects

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"time"
)

// Reason is why an object could not be read.
type Reason string

// The reasons, a closed set.
const (
	ReasonDenied    Reason = "denied"    // no permission
	ReasonGone      Reason = "gone"      // it was deleted since it was listed
	ReasonChanged   Reason = "changed"   // it was replaced since it was listed
	ReasonThrottled Reason = "throttled" // the store asked for less, to the last attempt
	ReasonTimeout   Reason = "timeout"   // no answer in time, to the last attempt
	ReasonIO        Reason = "io"        // anything else
)

// Error says what could not be done to which object.
type Error struct {
	Op     string // "list", "read", "open"
	URL    string
	Reason Reason
	// Attempts is how often it was tried.
	Attempts int
	Err      error
}

func (e *Error) Error() string {
	text := fmt.Sprintf("%s %s: %v", e.Op, e.URL, e.Err)
	if e.Attempts > 1 {
		text += fmt.Sprintf(" (after %d attempts)", e.Attempts)
	}
	return text
}

func (e *Error) Unwrap() error { return e.Err }

// statusError is an HTTP answer that is no success.
type statusError struct {
	status int
	text   string
	after  time.Duration // Retry-After
}

func (e *statusError) Error() string {
	if e.text == "" {
		return fmt.Sprintf("%d %s", e.status, http.StatusText(e.status))
	}
	return fmt.Sprintf("%d %s: %s", e.status, http.StatusText(e.status), e.text)
}

// reasonOf classifies what a store said; again reports whether another attempt
// may succeed.
func reasonOf(err error) (reason Reason, again bool) {
	var s *statusError
	switch {
	case errors.As(err, &s):
		return reasonOfStatus(s.status)
	case errors.Is(err, context.Canceled):
		return ReasonIO, false
	case errors.Is(err, context.DeadlineExceeded), isTimeout(err):
		return ReasonTimeout, true
	case errors.Is(err, fs.ErrPermission):
		return ReasonDenied, false
	case errors.Is(err, fs.ErrNotExist):
		return ReasonGone, false
	}
	return ReasonIO, true // a broken connection, a name that does not resolve
}

func isTimeout(err error) bool {
	var t interface{ Timeout() bool }
	return errors.As(err, &t) && t.Timeout()
}

func reasonOfStatus(status int) (Reason, bool) {
	switch status {
	case http.StatusUnauthorized, http.StatusForbidden:
		return ReasonDenied, false
	case http.StatusNotFound, http.StatusGone:
		return ReasonGone, false
	case http.StatusPreconditionFailed, http.StatusRequestedRangeNotSatisfiable, http.StatusConflict:
		return ReasonChanged, false
	case http.StatusTooManyRequests, http.StatusServiceUnavailable:
		return ReasonThrottled, true
	case http.StatusRequestTimeout, http.StatusGatewayTimeout:
		return ReasonTimeout, true
	}
	return ReasonIO, status >= 500
}
