// Package api is the archive's HTTP side: it takes crashes in, answers
// questions, and says how it is doing.
//
// What is accepted is on disk before the reply; every refusal names what was
// refused and why. Errors are RFC 9457 problem details. The description of all
// of it is at /openapi.json, generated from the routes and types of this package.
package api

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/epicurve/epicurve/archive/access"
	"github.com/epicurve/epicurve/archive/store"
	"github.com/epicurve/epicurve/pkg/crash"
	"github.com/epicurve/epicurve/pkg/query"
)

// Config is what an API needs. The zero value of a bound means its default.
type Config struct {
	Store   store.Store
	Storage string // scheme of the store, shown in the status
	Version string
	Logger  *slog.Logger

	MaxBody      int64         // bytes of a request body, after decompression
	MaxRecords   int           // log records of one request
	MaxIngest    int           // requests that are taken in at the same time
	QueryTimeout time.Duration // of one question
	SlowQuery    time.Duration // above it a question is logged
	NoCache      bool          // answers every question anew

	// BackupDir is where backups are written; "" for nowhere.
	BackupDir string

	// Access knows who may do what; nil lets everybody do everything.
	Access *access.Keys

	// Rate is the number of requests a second that a token may send when it
	// has no rate of its own; 0 is without limit.
	Rate float64

	// WorkflowKey names the dimensions that cluster failures of AI workflows;
	// crash.DefaultWorkflowKey.
	WorkflowKey crash.WorkflowKey
	// Hooks are the secrets of deploy webhooks.
	Hooks access.Hooks

	// Answers and Gauges are the default tenant's, as in Tenant.
	Answers map[query.Type]Answer
	Gauges  func(ctx context.Context, w io.Writer) error
	// Tenants opens the stores of the others; nil when there are none.
	Tenants Tenants
}

// Answer answers one type of question; the result is written as JSON.
type Answer = func(ctx context.Context, req query.Request) (any, error)

// The defaults of a Config.
const (
	DefaultMaxBody      = 64 << 20
	DefaultMaxRecords   = 50_000
	DefaultMaxIngest    = 8
	DefaultQueryTimeout = 30 * time.Second
	DefaultSlowQuery    = 2 * time.Second
)

func (c *Config) setDefaults() {
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	if len(c.WorkflowKey) == 0 {
		c.WorkflowKey = crash.DefaultWorkflowKey()
	}
	if c.MaxBody == 0 {
		c.MaxBody = DefaultMaxBody
	}
	if c.MaxRecords == 0 {
		c.MaxRecords = DefaultMaxRecords
	}
	if c.MaxIngest == 0 {
		c.MaxIngest = DefaultMaxIngest
	}
	if c.QueryTimeout == 0 {
		c.QueryTimeout = DefaultQueryTimeout
	}
	if c.SlowQuery == 0 {
		c.SlowQuery = DefaultSlowQuery
	}
}

// API serves one store. It is safe for concurrent use.
type API struct {
	Config
	main     *tenant       // the default one
	ingest   chan struct{} // one token a request that is being taken in
	limits   limits
	cache    *cache
	counting sync.Mutex // guards counters
	counters map[string]*telemetry
	draining atomic.Bool
	backing  sync.Mutex // held while a backup is written
	now      func() time.Time
}

// New returns an API.
func New(c Config) *API {
	c.setDefaults()
	a := &API{
		Config: c, ingest: make(chan struct{}, c.MaxIngest), now: time.Now, limits: limits{perSecond: c.Rate},
		counters: make(map[string]*telemetry), cache: newCache(cacheFor),
	}
	if c.NoCache {
		a.cache = newCache(0)
	}
	a.main = newTenant("", &Tenant{Store: c.Store, Answers: c.Answers, Gauges: c.Gauges}, a.telemetryOf(""))
	return a
}

// Drain makes /-/ready fail, so that no new requests are sent here before the
// server shuts down.
func (a *API) Drain() { a.draining.Store(true) }

// Handler returns the API's routes.
func (a *API) Handler() http.Handler {
	mux := http.NewServeMux()
	for _, r := range a.routes() {
		path := r.path
		if path == "/" {
			path = "/{$}" // and nothing below it
		}
		mux.Handle(r.method+" "+path, a.handle(r))
	}
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		writeProblem(w, &problem{Status: http.StatusNotFound, Detail: "there is nothing at " + r.Method + " " + r.URL.Path + "; /openapi.json describes what there is"})
	})
	return mux
}

// Operation returns the name of the operation that a request asks for, as the
// OpenAPI description has it; its method for one that there is not.
func (a *API) Operation(req *http.Request) string {
	for _, r := range a.routes() {
		if r.method == req.Method && matches(r.path, req.URL.Path) {
			return r.id
		}
	}
	return req.Method
}

// matches compares a path with a route's, in which {name} is any one element.
func matches(route, path string) bool {
	before, after, ok := strings.Cut(route, "{name}")
	if !ok {
		return route == path
	}
	name, found := strings.CutPrefix(path, before)
	name, ended := strings.CutSuffix(name, after)
	return found && ended && name != "" && !strings.Contains(name, "/")
}

// handle turns a route's error into a problem and recovers from a panic, so that
// one request can't end the archive.
func (a *API) handle(r route) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		defer func() {
			if p := recover(); p != nil {
				if p == http.ErrAbortHandler { //nolint:errorlint // net/http compares it so
					panic(p)
				}
				a.Logger.Error("A request made the archive panic", "method", req.Method, "path", req.URL.Path, "panic", p)
				writeProblem(w, &problem{Status: http.StatusInternalServerError, Detail: "the archive failed on this request; its log says more"})
			}
		}()
		if err := a.admitAndServe(w, req, r); err != nil {
			a.fail(w, req, err)
		}
	})
}

func (a *API) admitAndServe(w http.ResponseWriter, req *http.Request, r route) error {
	req, err := a.identify(r, req)
	if err != nil {
		return err
	}
	req, leave, err := a.enter(req)
	if err != nil {
		return err
	}
	defer leave()
	return r.serve(w, req)
}
