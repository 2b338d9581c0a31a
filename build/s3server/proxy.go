package s3server

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"sync/atomic"
	"time"
)

// Proxy stands in front of a server. Signatures stay valid: it passes requests
// on as they are.
type Proxy struct {
	*httptest.Server
	latency  atomic.Int64 // nanoseconds
	fault    atomic.Pointer[Fault]
	requests atomic.Int64
	bytes    atomic.Int64
}

// Fault decides about each request: 0 passes it on, another status answers it, a
// negative one breaks the connection.
type Fault func(r *http.Request, nth int64) int

// Delay adds a latency to every request from now on.
func (p *Proxy) Delay(d time.Duration) { p.latency.Store(int64(d)) }

// Break has f decide about every request from now on.
func (p *Proxy) Break(f Fault) { p.fault.Store(&f) }

// NewProxy starts a proxy in front of the server at endpoint; it is to be closed.
func NewProxy(endpoint string) (*Proxy, error) {
	to, err := url.Parse(endpoint)
	if err != nil {
		return nil, err
	}
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.MaxIdleConnsPerHost, transport.MaxIdleConns, transport.DisableCompression = 512, 512, true
	pass := &httputil.ReverseProxy{
		Transport: transport,
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(to)
			r.Out.Host = r.In.Host // it is signed
		},
		ErrorLog: slog.NewLogLogger(slog.DiscardHandler, slog.LevelDebug), // of clients that hang up
	}
	p := &Proxy{}
	p.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		n := p.requests.Add(1)
		time.Sleep(time.Duration(p.latency.Load()))
		status := 0
		if fault := p.fault.Load(); fault != nil {
			status = (*fault)(r, n)
		}
		switch {
		case status < 0:
			panic(http.ErrAbortHandler)
		case status > 0:
			http.Error(w, http.StatusText(status), status)
		default:
			pass.ServeHTTP(&counted{w, &p.bytes}, r)
		}
	}))
	return p, nil
}

// Requests returns how many requests came.
func (p *Proxy) Requests() int64 { return p.requests.Load() }

// Bytes returns how many bytes of bodies went to clients.
func (p *Proxy) Bytes() int64 { return p.bytes.Load() }

// counted counts what is written.
type counted struct {
	http.ResponseWriter
	bytes *atomic.Int64
}

func (c *counted) Write(p []byte) (int, error) {
	n, err := c.ResponseWriter.Write(p)
	c.bytes.Add(int64(n))
	return n, err
}

// Unwrap lets the proxy flush.
func (c *counted) Unwrap() http.ResponseWriter { return c.ResponseWriter }
