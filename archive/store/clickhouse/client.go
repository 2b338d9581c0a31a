package clickhouse

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// client speaks ClickHouse's HTTP interface: one POST a statement.
type client struct {
	http     *http.Client
	scheme   string
	hosts    []string
	user     string
	password string
	settings map[string]string

	preferred atomic.Int64 // number of the host that answered last
	killing   sync.WaitGroup
}

// statement is one request: SQL, and rows when it is an insert.
type statement struct {
	sql      string
	rows     []byte
	database string
	settings map[string]string
	tries    int // rounds over all hosts; 1 when zero
}

// maxAnswer bounds what is read of one answer, in bytes.
const maxAnswer = 1 << 30

// idleTimeout is below the 3 s after which a server closes idle connections.
const idleTimeout = 2 * time.Second

func newClient(opt Options) (*client, error) {
	c := &client{scheme: "http", hosts: opt.Hosts, user: opt.User, settings: opt.Settings}
	transport := &http.Transport{MaxIdleConnsPerHost: 16, IdleConnTimeout: idleTimeout, TLSHandshakeTimeout: 10 * time.Second}
	if opt.Secure {
		c.scheme = "https"
	}
	if opt.CAFile != "" {
		pem, err := os.ReadFile(opt.CAFile)
		if err != nil {
			return nil, fmt.Errorf("certificate authorities: %w", err)
		}
		pool := x509.NewCertPool()
		if !pool.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("certificate authorities: %s holds no PEM certificate", opt.CAFile)
		}
		transport.TLSClientConfig = &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}
	}
	if opt.PasswordFile != "" {
		b, err := os.ReadFile(opt.PasswordFile)
		if err != nil {
			return nil, fmt.Errorf("password: %w", err)
		}
		c.password, _, _ = strings.Cut(string(b), "\n")
		c.password = strings.TrimSuffix(c.password, "\r")
	}
	c.http = &http.Client{Transport: transport}
	return c, nil
}

func (c *client) close() {
	c.killing.Wait()
	c.http.CloseIdleConnections()
}

// run sends a statement to the hosts, one after the other, until one of them
// does it or fails in a way that will not pass. It returns the whole answer.
func (c *client) run(ctx context.Context, st statement) (_ []byte, err error) {
	const firstWait = 50 * time.Millisecond
	wait := firstWait
	for round := range max(st.tries, 1) {
		if round > 0 {
			select {
			case <-ctx.Done():
				return nil, errors.Join(ctx.Err(), err)
			case <-time.After(wait):
			}
			wait *= 2
		}
		first := c.preferred.Load()
		for i := range int64(len(c.hosts)) {
			n := (first + i) % int64(len(c.hosts))
			answer, failed := c.once(ctx, c.hosts[n], st)
			if failed == nil {
				c.preferred.Store(n)
				return answer, nil
			}
			if ctx.Err() != nil || !passing(failed) {
				return nil, failed
			}
			// What a server says tells more than that another one is away.
			if code(failed) != 0 || code(err) == 0 {
				err = failed
			}
		}
	}
	return nil, err
}

// once sends a statement to one host.
func (c *client) once(ctx context.Context, host string, st statement) (answer []byte, err error) {
	id := newQueryID()
	req, err := c.request(ctx, host, id, st)
	if err != nil {
		return nil, err
	}
	resp, err := c.http.Do(req)
	if err != nil {
		c.abandon(ctx, host, id)
		return nil, withoutQuery(err)
	}
	defer func() { err = errors.Join(err, resp.Body.Close()) }()
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer+1))
	if err != nil {
		c.abandon(ctx, host, id)
		return nil, fmt.Errorf("answer of %s: %w", host, err)
	}
	if resp.StatusCode != http.StatusOK {
		return nil, failure(host, resp, body)
	}
	if len(body) > maxAnswer {
		return nil, fmt.Errorf("answer of %s is larger than %d bytes; ask for a shorter range", host, maxAnswer)
	}
	return body, nil
}

func (c *client) request(ctx context.Context, host, id string, st statement) (*http.Request, error) {
	values := url.Values{"query_id": {id}}
	if st.database != "" {
		values.Set("database", st.database)
	}
	settings := maps.Clone(c.settings)
	if settings == nil {
		settings = make(map[string]string)
	}
	maps.Copy(settings, st.settings)
	for k, v := range settings {
		values.Set(k, v)
	}
	if deadline, ok := ctx.Deadline(); ok {
		values.Set("max_execution_time", strconv.Itoa(max(1, int(math.Ceil(time.Until(deadline).Seconds())))))
	}
	body := []byte(st.sql)
	if st.rows != nil {
		values.Set("query", st.sql)
		body = st.rows
	} else {
		// The status tells of every error only when the server has the whole
		// answer before it sends the first byte.
		values.Set("wait_end_of_query", "1")
	}
	u := url.URL{Scheme: c.scheme, Host: host, Path: "/", RawQuery: values.Encode()}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, u.String(), bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	req.SetBasicAuth(c.user, c.password)
	return req, nil
}

// withoutQuery shortens an error of net/http, which repeats the whole URL.
func withoutQuery(err error) error {
	if e := (*url.Error)(nil); errors.As(err, &e) {
		at, _, _ := strings.Cut(e.URL, "?")
		return &url.Error{Op: e.Op, URL: at, Err: e.Err}
	}
	return err
}

// abandon ends a statement on the server whose caller has gone: a server goes on
// with it otherwise.
func (c *client) abandon(ctx context.Context, host, id string) {
	if ctx.Err() == nil {
		return
	}
	c.killing.Go(func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
		defer cancel()
		kill := statement{sql: "KILL QUERY WHERE query_id = " + quote(id) + " ASYNC"}
		req, err := c.request(ctx, host, newQueryID(), kill)
		if err != nil {
			return
		}
		if resp, err := c.http.Do(req); err == nil {
			io.Copy(io.Discard, resp.Body) //nolint:errcheck // it is a courtesy to the server
			resp.Body.Close()              //nolint:errcheck // as above
		}
	})
}

func newQueryID() string {
	var b [16]byte
	rand.Read(b[:]) //nolint:errcheck // never fails
	return "epicurve-" + hex.EncodeToString(b[:])
}

func integer[T int | int32 | int64](n T) string { return strconv.FormatInt(int64(n), 10) }
