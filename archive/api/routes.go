package api

import (
	"net/http"
	"reflect"

	"github.com/epicurve/epicurve/archive/access"
	"github.com/epicurve/epicurve/pkg/crash"
	"github.com/epicurve/epicurve/pkg/query"
)

// route is one operation of the API: how it is served and described.
type route struct {
	method, path string
	id, summary  string
	role         access.Role // that a token needs; "" for everybody
	serve        func(http.ResponseWriter, *http.Request) error

	params   []param
	accepts  []string     // content types of the body, none for no body
	body     reflect.Type // of a JSON body
	produces string       // content type of the reply
	answers  []reflect.Type
}

// param is a parameter in the path or query.
type param struct {
	name, in, help string
}

func typeOf[T any]() reflect.Type { return reflect.TypeFor[T]() }

func (a *API) routes() []route {
	return []route{
		{
			method: "POST", path: "/v1/logs", id: "ingestLogs", role: access.RoleIngest, serve: a.serveLogs,
			summary: "Take crashes and exposure in as OTLP logs (gzip or zstd). The reply comes after the commit; partial success names refused log records.",
			accepts: []string{typeProtobuf, typeJSON}, produces: typeProtobuf,
		},
		{
			method: "POST", path: "/api/v1/records", id: "ingestRecords", role: access.RoleIngest, serve: a.serveRecords,
			summary: "Take crashes in as JSON lines or CSV (gzip or zstd).",
			accepts: []string{"application/x-ndjson", "text/csv"}, body: typeOf[crash.Record](), produces: typeJSON, answers: []reflect.Type{typeOf[Accepted]()},
		},
		{
			method: "POST", path: "/api/v1/query", id: "query", role: access.RoleRead, serve: a.serveQuery,
			summary: "Answer one question about the population.",
			accepts: []string{typeJSON}, body: typeOf[query.Request](), produces: typeJSON,
			answers: []reflect.Type{typeOf[query.Timeseries](), typeOf[query.Clusters](), typeOf[query.Records](), typeOf[query.Verdict](), typeOf[query.Contrast](), typeOf[query.Split](), typeOf[query.Ledger](), typeOf[query.Annotations]()},
		},
		{
			method: "GET", path: "/api/v1/dimensions", id: "dimensions", role: access.RoleRead, serve: a.serveDimensions,
			summary: "List what can be filtered and grouped by.", produces: typeJSON, answers: []reflect.Type{typeOf[query.Dimensions]()},
		},
		{
			method: "GET", path: "/api/v1/dimensions/{name}/values", id: "dimensionValues", role: access.RoleRead, serve: a.serveValues,
			summary: "List the most frequent values of a dimension.",
			params: []param{
				{"name", "path", "Name of the dimension."},
				{"from", "query", "Beginning of the range, RFC 3339 or milliseconds since 1970; 90 days ago by default."},
				{"to", "query", "End of the range; now by default."},
				{"search", "query", "Text that values contain, in either case."},
				{"limit", "query", "Largest number of values."},
			},
			produces: typeJSON, answers: []reflect.Type{typeOf[query.DimensionValues]()},
		},
		{
			method: "GET", path: "/api/v1/ledger", id: "ledger", role: access.RoleRead, serve: a.serveLedger,
			summary: "List every event of the ledger, by time.", produces: typeJSON, answers: []reflect.Type{typeOf[query.LedgerEvents]()},
		},
		{
			method: "POST", path: "/api/v1/ledger", id: "appendLedger", role: access.RoleWrite, serve: a.serveLedgerAppend,
			summary: "Add events to the ledger, all or none. Ids and times that are missing are given; an id that is known is left out.",
			accepts: []string{typeJSON}, body: typeOf[query.LedgerEvents](), produces: typeJSON, answers: []reflect.Type{typeOf[query.LedgerEvents]()},
		},
		{
			method: "POST", path: "/api/v1/runs", id: "ingestRuns", role: access.RoleIngest, serve: a.serveRuns,
			summary: "Take runs of AI workflows in, their exposure, as JSON lines or CSV (gzip or zstd).",
			accepts: []string{"application/x-ndjson", "text/csv"}, body: typeOf[crash.Runs](), produces: typeJSON, answers: []reflect.Type{typeOf[Accepted]()},
		},
		{
			method: "GET", path: "/api/v1/categories", id: "categories", role: access.RoleRead, serve: a.serveCategories,
			summary: "List the categories of failures of AI workflows, with their changelog.", produces: typeJSON, answers: []reflect.Type{typeOf[query.Categories]()},
		},
		{
			method: "POST", path: "/api/v1/hooks/{source}", id: "deployHook", serve: a.serveHook,
			summary: "Take the payload of a deployment in: github, argocd or flux. It is signed with the hook's secret, or sent with a token of the role write.",
			params:  []param{{"source", "path", "github, argocd or flux."}},
			accepts: []string{typeJSON}, produces: typeJSON, answers: []reflect.Type{typeOf[Hooked]()},
		},
		{
			method: "GET", path: "/api/v1/status", id: "status", role: access.RoleRead, serve: a.serveStatus,
			summary: "Say what the archive is and how much it holds.", produces: typeJSON, answers: []reflect.Type{typeOf[query.Status]()},
		},
		{
			method: "POST", path: "/api/v1/admin/backup", id: "backup", role: access.RoleAdmin, serve: a.serveBackup,
			summary: "Write a consistent copy of the store into the backup directory.", produces: typeJSON, answers: []reflect.Type{typeOf[BackedUp]()},
		},
		{
			method: "POST", path: "/api/v1/admin/delete", id: "delete", role: access.RoleAdmin, serve: a.serveDelete,
			summary: "Count the crashes that a request selects; delete them when the number is the expected one.",
			accepts: []string{typeJSON}, body: typeOf[Deletion](), produces: typeJSON, answers: []reflect.Type{typeOf[Deleted]()},
		},
		{
			method: "GET", path: "/", id: "page", role: access.RoleRead, serve: a.servePage,
			summary: "Show the population, or one cluster, as a page that needs nothing else.",
			params: []param{
				{"since", "query", "Length of the range, such as 24h or 90d; 7d by default."},
				{"cluster", "query", "Key of a cluster: its curve, verdict, contrast and ledger."},
				{"groupBy", "query", "Dimension that the epi curve is split by; crash.class by default."},
			},
			produces: "text/html",
		},
		{method: "GET", path: "/-/healthy", id: "healthy", serve: a.serveHealthy, summary: "The process runs.", produces: "text/plain"},
		{method: "GET", path: "/-/ready", id: "ready", serve: a.serveReady, summary: "The store answers.", produces: "text/plain"},
		{method: "GET", path: "/metrics", id: "metrics", role: a.metricsRole(), serve: a.serveMetrics, summary: "The archive's own metrics, in Prometheus' text format. Where there are tenants it takes a token and shows those of the token's.", produces: "text/plain"},
		{method: "GET", path: "/openapi.json", id: "openapi", serve: a.serveOpenAPI, summary: "This description.", produces: typeJSON},
	}
}
