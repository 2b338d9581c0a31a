package imports

// room says what the packages that match it may import of this module.
type room struct {
	packages string // a path under the module; "/..." also matches everything below
	imports  string // patterns of the same form, separated by spaces; "" is nothing of ours
	why      string
}

// rooms is read from the top, the first match decides. A new package that no
// line matches fails the test: say here where it belongs.
var rooms = []room{
	{"pkg", "pkg/plugin", "the plugin's door only opens the plugin"},
	{"pkg/crash", "", "the domain knows nobody"},
	{"pkg/corefile/...", "pkg/corefile/...", "the reader knows ELF, not crashes"},
	{"pkg/coretest", "", "synthetic cores are written from the ABI, not from the reader they test"},
	{"pkg/epi/...", "pkg/epi/...", "the statistics are pure"},
	{"pkg/classify/...", "pkg/crash pkg/corefile/... pkg/classify/...", "rules turn facts into findings and need nothing else"},
	{"pkg/support", "", "a bundle for support knows no program"},
	{"pkg/query/...", "pkg/crash pkg/epi/... pkg/query/...", "the query model is shared by archive and plugin; assessments go on the wire as they are"},
	{"pkg/otlp/...", "pkg/crash pkg/otlp/...", "the wire format knows the record only"},
	{"pkg/plugin/...", "pkg/crash pkg/query/... pkg/plugin/...", "the plugin asks an archive over HTTP, it contains none"},

	{"exporter", "exporter/... pkg/crash pkg/corefile/... pkg/classify/... pkg/otlp/... pkg/support", "main wires the exporter's rooms"},
	{"exporter/watch", "", "the watcher finds files and knows nothing of crashes"},
	{"exporter/config", "exporter/annotate/... exporter/logsource pkg/crash", "settings know no room that they configure, but the host attributes that they may set and the expressions that find crashes in logs"},
	{"exporter/crashlab/...", "exporter/crashlab/... pkg/crash", "the crash programs are a laboratory, not part of the product"},
	{"exporter/pipeline", "exporter/... pkg/crash pkg/corefile/... pkg/classify/... pkg/otlp/...", "the only room that knows the order"},
	{"exporter/scan/objects", "", "stores know nothing of crashes"},
	{"exporter/scan", "exporter/annotate exporter/pipeline exporter/scan/... exporter/ship exporter/spool pkg/crash pkg/corefile/... pkg/classify/... pkg/otlp/...", "a scan makes the records that the pipeline makes, of objects instead of watched files, and ships them alike"},
	{"exporter/ship", "exporter/spool pkg/crash pkg/otlp/...", "the shipper empties the spool, and knows nothing else of the node"},
	{"exporter/...", "pkg/crash pkg/corefile/... pkg/classify/... pkg/otlp/...", "the exporter's rooms are strangers to one another; pipeline and main join them"},

	{"archive", "archive/... pkg/crash pkg/query/... pkg/otlp/... pkg/epi/... pkg/support", "main wires the archive's rooms"},
	{"archive/store", "pkg/crash pkg/query/...", "the store contract speaks of records and questions"},
	{"archive/store/open", "archive/store/... pkg/crash pkg/query/...", "the only room that names the stores"},
	{"archive/store/storetest", "archive/store pkg/crash pkg/query/...", "the conformance suite knows no store"},
	{"archive/store/...", "archive/store archive/store/sqltext/... pkg/crash pkg/query/...", "stores are strangers to one another"},
	{"archive/report/...", "archive/report/... pkg/crash pkg/epi/... pkg/query/...", "a report asks the archive like everybody else"},
	{"archive/ledger/...", "archive/ledger/... archive/store pkg/crash pkg/query/...", "the ledger folds events into entries"},
	{"archive/evaluate/...", "archive/evaluate/... archive/ledger/... archive/store pkg/crash pkg/query/... pkg/epi/...", "store, ledger and statistics meet here"},
	{"archive/importer/...", "pkg/crash pkg/query/... pkg/classify", "what other systems logged is judged by the rules for logs"},
	{"archive/...", "archive/... pkg/crash pkg/query/... pkg/otlp/... pkg/epi/...", "the archive never needs a node's rooms"},

	{"build/...", "build/... exporter/... archive/... pkg/...", "the build may use every room, no room may use the build"},
}

// fence keeps a library inside some rooms.
type fence struct {
	library string // import path; also matches every package below it
	rooms   string // the only packages that may import it
	why     string
}

var fences = []fence{
	{"github.com/fsnotify/fsnotify", "exporter/watch", "one room knows how files appear"},
	{"github.com/prometheus/client_golang", "exporter exporter/metrics archive archive/metrics pkg/plugin/metrics", "counters are declared where their labels are bounded"},
	{"github.com/VictoriaMetrics/metrics", "exporter/metrics archive archive/metrics archive/api", "push mode and the archive's self-metrics"},
	{"github.com/grafana/grafana-plugin-sdk-go", "pkg pkg/plugin/... build/rehearsal", "only the plugin speaks Grafana's protocol, and the rehearsal speaks to it as Grafana does"},
	{"github.com/duckdb/duckdb-go", "archive/store/duckdb/...", "one store, one driver; the exporter and the plugin stay free of cgo"},
	{"github.com/ClickHouse", "archive/store/clickhouse/...", "one store, one driver"},
	{"github.com/minio/minio-go", "exporter/scan/objects build/s3server build/scanning", "one room speaks to buckets, and what tests it"},
	{"golang.org/x/oauth2", "exporter/scan/objects", "one room speaks to buckets"},
	{"google.golang.org/grpc", "", "gRPC alone would double the exporter's size"},
	{"github.com/goccy/go-yaml", "exporter/config archive/access", "settings are read in one room of each program"},
	{"github.com/magefile/mage", "", "only the Magefile knows mage"},
	{"os/exec", "build/... exporter/crashlab/... archive/bench archive/store/clickhouse/servertest exporter/annotate/command exporter/logsource", "neither the exporter nor the archive runs other programs, but the one that an operator names, and journalctl"},
	{"gonum.org/v1/gonum", "pkg/epi/...", "the statistics are in one room"},
}

// separation keeps whole programs apart, through however many packages.
type separation struct {
	programs  string
	forbidden string
	why       string
}

var separations = []separation{
	{"exporter/...", "archive/... pkg/plugin/...", "a node never carries the archive or the plugin"},
	{"archive/...", "exporter/... pkg/plugin/...", "the archive never carries a node or the plugin"},
	{"pkg/... pkg", "exporter/... archive/... build/...", "shared rooms never reach up into a program"},
}
