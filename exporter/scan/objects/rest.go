package objects

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// maxListing bounds one page of a listing, in bytes.
const maxListing = 32 << 20

// request makes one GET; an answer that is no success is a *statusError.
func request(ctx context.Context, client *http.Client, url string, prepare func(*http.Request) error) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, err
	}
	if err := prepare(req); err != nil {
		return nil, err
	}
	resp, err := client.Do(req)
	if err != nil {
		return nil, withoutURL(err)
	}
	if resp.StatusCode/100 == 2 {
		return resp, nil
	}
	defer resp.Body.Close()
	text, _ := io.ReadAll(io.LimitReader(resp.Body, 512)) // for people; the status decides
	return nil, &statusError{
		status: resp.StatusCode, text: strings.Join(strings.Fields(string(text)), " "), after: retryAfter(resp.Header.Get("Retry-After")),
	}
}

// withoutURL drops the URL from an error: it may hold a signature.
func withoutURL(err error) error {
	if inner := errors.Unwrap(err); inner != nil && strings.Contains(err.Error(), "://") {
		return inner
	}
	return err
}

// retryAfter reads the number of seconds of the header; its other form, a date,
// stores don't send.
func retryAfter(text string) time.Duration {
	n, err := strconv.ParseUint(text, 10, 16)
	if err != nil {
		return 0
	}
	return time.Duration(n) * time.Second
}

// byteRange is the value of a Range header; n is negative for all that follows.
func byteRange(off, n int64) string {
	if n < 0 {
		return fmt.Sprintf("bytes=%d-", off)
	}
	return fmt.Sprintf("bytes=%d-%d", off, off+n-1)
}

// checkRange fails when a server ignored the range: its bytes are others.
func checkRange(resp *http.Response, off int64) error {
	if resp.StatusCode == http.StatusPartialContent || off == 0 {
		return nil
	}
	return errors.Join(fmt.Errorf("the store answered %s to a request of a range", resp.Status), resp.Body.Close())
}
