package cloud

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"sync/atomic"
	"time"
)

// maxAnswer bounds an answer. Azure's is the longest, some 5 KB.
const maxAnswer = 64 << 10

// client speaks to one metadata server.
type client struct {
	http *http.Client
	base string
}

func newClient(base string, timeout time.Duration) *client {
	return &client{
		base: base,
		http: &http.Client{
			Timeout: timeout,
			Transport: &http.Transport{
				// No Proxy: whoever sets http_proxy must not answer for the cloud.
				DialContext:            (&net.Dialer{Timeout: timeout}).DialContext,
				DisableKeepAlives:      true, // it is asked once an hour
				DisableCompression:     true,
				MaxResponseHeaderBytes: 16 << 10,
			},
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
	}
}

// answer is what a server said.
type answer struct {
	status int
	header http.Header
	body   []byte
}

// errSilent says that the server took the connection and then said nothing.
var errSilent = errors.New("connected, but no answer came in time")

// fetch sends one request. Every status is an answer; the caller judges it.
func (c *client) fetch(ctx context.Context, method, path string, header map[string]string) (answer, error) {
	var connected atomic.Bool
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{GotConn: func(httptrace.GotConnInfo) { connected.Store(true) }})
	req, err := http.NewRequestWithContext(ctx, method, c.base+path, nil)
	if err != nil {
		return answer{}, err
	}
	req.Header.Set("User-Agent", "epicurve-exporter")
	for name, value := range header {
		req.Header.Set(name, value)
	}
	resp, err := c.http.Do(req)
	if err != nil {
		if ue, ok := errors.AsType[*url.Error](err); ok && ue.Timeout() && connected.Load() {
			return answer{}, fmt.Errorf("%s %s: %w", method, path, errSilent)
		}
		return answer{}, fmt.Errorf("%w: %w", ErrAbsent, err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer+1))
	if err != nil {
		return answer{}, fmt.Errorf("%s %s: %w: %w", method, path, ErrGarbage, err)
	}
	if len(body) > maxAnswer {
		return answer{}, fmt.Errorf("%s %s: %w: longer than %d bytes", method, path, ErrGarbage, maxAnswer)
	}
	return answer{resp.StatusCode, resp.Header, body}, nil
}

// get sends a GET and wants 200.
func (c *client) get(ctx context.Context, path string, header map[string]string) (answer, error) {
	a, err := c.fetch(ctx, http.MethodGet, path, header)
	if err == nil && a.status != http.StatusOK {
		err = a.refused(path)
	}
	return a, err
}

// optional is get of what need not be there: 404 gives "".
func (c *client) optional(ctx context.Context, path string, header map[string]string) (string, error) {
	a, err := c.fetch(ctx, http.MethodGet, path, header)
	switch {
	case err != nil:
		return "", err
	case a.status == http.StatusNotFound:
		return "", nil
	case a.status != http.StatusOK:
		return "", a.refused(path)
	}
	return string(a.body), nil
}

func (a answer) refused(path string) error {
	if a.status/100 == 3 {
		return fmt.Errorf("%s: %w: it answers %d and points elsewhere, which is not followed", path, ErrRefused, a.status)
	}
	return fmt.Errorf("%s: %w: %d %s", path, ErrRefused, a.status, http.StatusText(a.status))
}

// decode reads an answer in JSON.
func (a answer) decode(path string, into any) error {
	if err := json.Unmarshal(a.body, into); err != nil {
		return fmt.Errorf("%s: %w: %w", path, ErrGarbage, err)
	}
	return nil
}
