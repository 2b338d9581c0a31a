package ship

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/epicurve/epicurve/pkg/otlp"
)

// Config says where the archive is and how to speak to it.
type Config struct {
	// URL of the archive, such as http://archive:9932; "/v1/logs" is added.
	URL string
	// TokenFile holds a bearer token; it is read anew for every request, so
	// that a token can be exchanged. "" for none.
	TokenFile string
	// CAFile holds the certificates that the archive's must descend from;
	// "" for those of the system.
	CAFile string
	// Timeout of one request (default 30s).
	Timeout time.Duration
}

// maxReply bounds what is read of a reply.
const maxReply = 1 << 20

// Client sends OTLP requests. Make one with [NewClient].
type Client struct {
	http      *http.Client
	url       string
	tokenFile string
	version   string
}

// NewClient checks the configuration and returns a client; version goes into
// the User-Agent.
func NewClient(cfg Config, version string) (*Client, error) {
	u, err := url.Parse(cfg.URL)
	if err != nil {
		return nil, fmt.Errorf("archive URL: %w", err)
	}
	if (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" {
		return nil, fmt.Errorf("archive URL %q: want http://HOST:PORT or https://HOST:PORT", u.Redacted())
	}
	if u.User != nil {
		return nil, fmt.Errorf("archive URL %q: credentials belong into a token file, not into the URL", u.Redacted())
	}
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.MaxIdleConnsPerHost = 1
	if cfg.CAFile != "" {
		pool, err := loadCA(cfg.CAFile)
		if err != nil {
			return nil, err
		}
		transport.TLSClientConfig = &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}
	}
	timeout := cfg.Timeout
	if timeout <= 0 {
		timeout = 30 * time.Second
	}
	return &Client{
		http: &http.Client{
			Transport: transport, Timeout: timeout,
			// A redirected POST becomes a GET, and the page at the other end,
			// such as a login, would pass for a commit.
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
		url: u.JoinPath("v1/logs").String(), tokenFile: cfg.TokenFile, version: version,
	}, nil
}

func loadCA(path string) (*x509.CertPool, error) {
	pem, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("archive CA file: %w", err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("archive CA file %s: holds no PEM certificate", path)
	}
	return pool, nil
}

// reply is the archive's answer to one request.
type reply struct {
	status  int
	otlp    bool // the body is an OTLP reply
	refused otlp.PartialSuccess
	text    string        // the beginning of a body that is no OTLP reply
	after   time.Duration // Retry-After
	trace   trace
	// skew is how far the archive's clock is ahead of ours, to about a
	// second, as its Date header tells; known is false without one.
	skew      time.Duration
	skewKnown bool
}

// send posts one OTLP request and reads the reply. An error means that there
// was none.
func (c *Client) send(ctx context.Context, body []byte) (reply, error) {
	var zipped bytes.Buffer
	zw := gzip.NewWriter(&zipped)
	if _, err := zw.Write(body); err != nil {
		return reply{}, err
	}
	if err := zw.Close(); err != nil {
		return reply{}, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.url, &zipped)
	if err != nil {
		return reply{}, fmt.Errorf("archive: %w", err)
	}
	req.Header.Set("Content-Type", "application/x-protobuf")
	req.Header.Set("Content-Encoding", "gzip")
	req.Header.Set("User-Agent", "epicurve-exporter/"+c.version)
	trace := newTrace()
	req.Header.Set("Traceparent", trace.parent())
	if err := c.authorize(req); err != nil {
		return reply{}, err
	}
	sent := time.Now()
	resp, err := c.http.Do(req)
	if err != nil {
		return reply{}, fmt.Errorf("archive: %w (trace %s)", err, trace)
	}
	defer resp.Body.Close()
	r, err := readReply(resp)
	r.trace = trace
	if at, dateErr := http.ParseTime(resp.Header.Get("Date")); dateErr == nil {
		between := sent.Add(time.Since(sent) / 2)
		r.skew, r.skewKnown = at.Add(500*time.Millisecond).Sub(between), true // Date is cut to the second
	}
	return r, err
}

func (c *Client) authorize(req *http.Request) error {
	if c.tokenFile == "" {
		return nil
	}
	token, err := os.ReadFile(c.tokenFile)
	if err != nil {
		return fmt.Errorf("archive token file: %w", err)
	}
	text := strings.TrimSpace(string(token))
	if text == "" || strings.ContainsAny(text, "\r\n") {
		return fmt.Errorf("archive token file %s: want one line that is not empty", c.tokenFile)
	}
	req.Header.Set("Authorization", "Bearer "+text)
	return nil
}

func readReply(resp *http.Response) (reply, error) {
	r := reply{status: resp.StatusCode, after: retryAfter(resp.Header.Get("Retry-After"), time.Now())}
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxReply))
	if err != nil {
		return r, fmt.Errorf("archive: read reply: %w", err)
	}
	kind := resp.Header.Get("Content-Type")
	if refused, err := otlp.UnmarshalResponse(kind, body); err == nil && isOTLP(kind) {
		r.refused, r.otlp = refused, true
	} else if len(body) > 0 {
		r.text = strconv.Quote(string(body[:min(len(body), 300)]))
	}
	return r, nil
}

func isOTLP(contentType string) bool {
	kind, _, err := mime.ParseMediaType(contentType)
	return err == nil && (kind == "application/x-protobuf" || kind == "application/json")
}

// maxRetryAfter bounds what a server may ask for.
const maxRetryAfter = 10 * time.Minute

// retryAfter reads both forms of the header (RFC 9110, section 10.2.3).
func retryAfter(header string, now time.Time) time.Duration {
	if header == "" {
		return 0
	}
	if seconds, err := strconv.Atoi(header); err == nil && seconds > 0 {
		return min(time.Duration(seconds)*time.Second, maxRetryAfter)
	}
	if at, err := http.ParseTime(header); err == nil && at.After(now) {
		return min(at.Sub(now), maxRetryAfter)
	}
	return 0
}

// errRetry says that the same request may succeed later.
var errRetry = errors.New("to be tried again")
