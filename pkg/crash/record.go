package crash

import "time"

// SchemaVersion is the version of the record's shape that this build writes.
const SchemaVersion = 1

// Record is what is kept of one crash, about 1 KB. Empty strings and unknown
// optionals mean "not known", never "none".
type Record struct {
	ID                ID
	Time              time.Time // UTC, to the microsecond
	TimeSource        TimeSource
	Source            Source
	SchemaVersion     int64
	ClassifierVersion int64

	Finding   Finding
	Fault     Fault
	Process   Process
	Host      Host
	Cloud     Cloud
	Container Container
	Workflow  Workflow

	// Attributes are up to MaxAttributes further names and values, filterable
	// but not part of the closed list of Fields.
	Attributes map[string]string
}

// Finding is what was inferred about a crash.
type Finding struct {
	Class      Class
	Kind       Kind
	Signature  string
	Reasons    []string
	Confidence Confidence
	// Caller is the first believable return address, as module+offset or
	// symbol; a dimension of its own because it is incidental where control
	// flow was corrupt.
	Caller string
	// HardwareSuspect is set when the evidence points at the machine. It is
	// evidence, never an accusation; HardwareReasons says what was seen.
	HardwareSuspect bool
	HardwareReasons []string
	// SuppressedBy names the false-positive filter that matched. Suppressed
	// records are kept and counted apart.
	SuppressedBy string
}

// Fault is what the core or the log says about the crash itself.
type Fault struct {
	Signal     string          // "SIGSEGV"
	SignalNum  Optional[int64] // 11
	Code       Optional[int64] // si_code
	Addr       Optional[uint64]
	PC         Optional[uint64]
	SP         Optional[uint64]
	FP         Optional[uint64]
	LR         Optional[uint64]
	Module     string   // base name of the file mapped at PC
	Frames     []string // believable stack frames, innermost first
	StackWords []string // kinds of the words around SP: text, stack, heap, null_page, mapped, unmapped
	Registers  []string // "rax=0x…"; only when opted in

	Arch        string // "amd64", "arm64", ... (Go's names, as OpenTelemetry host.arch)
	ThreadCount Optional[int64]
	ThreadID    Optional[int64]
	ThreadName  string
	Truncated   bool
	Compression string // "", "zstd", "lz4", "xz", "gzip"
	BytesRead   Optional[int64]
	FileSize    Optional[int64]
}

// Process is the process that crashed.
type Process struct {
	Executable     string // base name
	BuildID        string // GNU build id, lower-case hex
	ServiceName    string
	ServiceVersion string
	PID            Optional[int64]
	UptimeSeconds  Optional[int64]
}

// Host is the machine on which the process crashed.
type Host struct {
	Name          string
	ID            string // machine id
	BootID        string
	PhysicalID    string // the hypervisor host, where the hypervisor tells it
	CPUModel      string
	Microcode     string
	CPU           string // CPU number that took the fault, where known
	KernelRelease string
	Type          string // instance type
	UptimeSeconds Optional[int64]
}

// Cloud is where the host stands.
type Cloud struct {
	Provider         string
	Region           string
	AvailabilityZone string
}

// Container is the container or pod around the process.
type Container struct {
	ID         string
	Image      string
	Namespace  string // k8s.namespace.name
	Pod        string // k8s.pod.name
	Node       string // k8s.node.name
	Cluster    string // k8s.cluster.name
	Deployment string // k8s.deployment.name
}

// ClusterKey is the default grouping of crashes: class and signature, printed
// as "class/signature". Machines are never part of it.
func (r *Record) ClusterKey() string { return ClusterKey(r.Finding.Class, r.Finding.Signature) }

// ClusterKey prints a cluster's key; the signature may be empty, which makes
// the cluster the whole class.
func ClusterKey(class Class, signature string) string {
	if signature == "" {
		return string(class)
	}
	return string(class) + "/" + signature
}
