package crash

import "sync"

// Fields lists every attribute of a record but its id, time and versions, in
// the order in which they are shown. To add a dimension, add one line here:
// OTLP, JSON, CSV, queries and the stores follow from it.
func Fields() []Field { return fields() }

// Dimensions lists the fields that people filter and group by.
func Dimensions() []Field { return dimensions() }

// FieldByName finds a field.
func FieldByName(name string) (Field, bool) {
	f, ok := byName()[name]
	return f, ok
}

// DimensionByName finds a dimension.
func DimensionByName(name string) (Field, bool) {
	f, ok := byName()[name]
	return f, ok && f.Dimension
}

var fields = sync.OnceValue(func() []Field {
	return []Field{
		dim("crash.class", "Class of the crash: return_to_null, misaligned_stack or other.", 32, func(r *Record) *string { return (*string)(&r.Finding.Class) }),
		dim("crash.kind", "Kind of the crash, a closed taxonomy within the class.", 32, func(r *Record) *string { return (*string)(&r.Finding.Kind) }),
		dim("crash.signature", "Stable grouping text of the crash.", 512, func(r *Record) *string { return &r.Finding.Signature }),
		dim("crash.caller", "First believable caller, as symbol or module+offset.", 512, func(r *Record) *string { return &r.Finding.Caller }),
		dim("crash.confidence", "How far the evidence settles the class: certain, likely or ambiguous.", 16, func(r *Record) *string { return (*string)(&r.Finding.Confidence) }),
		dim("crash.suppressed_by", "Name of the false-positive filter that matched.", 128, func(r *Record) *string { return &r.Finding.SuppressedBy }),
		dim("crash.source", "Where the record came from: core, kernel_log, journal, log_file, import or workflow.", 16, func(r *Record) *string { return (*string)(&r.Source) }),
		dim("crash.signal", "Name of the fatal signal, such as SIGSEGV.", 16, func(r *Record) *string { return &r.Fault.Signal }),
		dim("crash.module", "Base name of the file mapped at the program counter.", 256, func(r *Record) *string { return &r.Fault.Module }),
		dim("crash.thread.name", "Name of the crashing thread.", 64, func(r *Record) *string { return &r.Fault.ThreadName }),
		dim("process.executable.name", "Base name of the executable.", 256, func(r *Record) *string { return &r.Process.Executable }),
		dim("process.executable.build_id.gnu", "GNU build id of the executable.", 128, func(r *Record) *string { return &r.Process.BuildID }),
		dim("service.name", "Name of the service.", 256, func(r *Record) *string { return &r.Process.ServiceName }),
		dim("service.version", "Version of the service.", 256, func(r *Record) *string { return &r.Process.ServiceVersion }),
		dim("host.name", "Name of the host.", 256, func(r *Record) *string { return &r.Host.Name }),
		dim("host.id", "Machine id of the host.", 128, func(r *Record) *string { return &r.Host.ID }),
		dim("host.boot_id", "Boot id of the host at the crash.", 64, func(r *Record) *string { return &r.Host.BootID }),
		dim("host.physical_id", "Physical host under the virtual machine, where the hypervisor tells it.", 256, func(r *Record) *string { return &r.Host.PhysicalID }),
		dim("host.type", "Instance type of the host.", 128, func(r *Record) *string { return &r.Host.Type }),
		dim("host.arch", "Architecture, such as amd64 or arm64.", 16, func(r *Record) *string { return &r.Fault.Arch }),
		dim("host.cpu.model.name", "CPU model of the host.", 256, func(r *Record) *string { return &r.Host.CPUModel }),
		dim("host.cpu.microcode", "Microcode revision of the host's CPU.", 64, func(r *Record) *string { return &r.Host.Microcode }),
		dim("cpu.logical_number", "CPU number that took the fault, where known.", 16, func(r *Record) *string { return &r.Host.CPU }),
		dim("os.kernel.release", "Kernel release of the host.", 128, func(r *Record) *string { return &r.Host.KernelRelease }),
		dim("cloud.provider", "Cloud provider.", 64, func(r *Record) *string { return &r.Cloud.Provider }),
		dim("cloud.region", "Cloud region.", 128, func(r *Record) *string { return &r.Cloud.Region }),
		dim("cloud.availability_zone", "Cloud availability zone.", 128, func(r *Record) *string { return &r.Cloud.AvailabilityZone }),
		dim("k8s.cluster.name", "Kubernetes cluster.", 256, func(r *Record) *string { return &r.Container.Cluster }),
		dim("k8s.namespace.name", "Kubernetes namespace.", 256, func(r *Record) *string { return &r.Container.Namespace }),
		dim("k8s.deployment.name", "Kubernetes deployment.", 256, func(r *Record) *string { return &r.Container.Deployment }),
		dim("k8s.pod.name", "Kubernetes pod.", 256, func(r *Record) *string { return &r.Container.Pod }),
		dim("k8s.node.name", "Kubernetes node.", 256, func(r *Record) *string { return &r.Container.Node }),
		dim("container.id", "Container id.", 128, func(r *Record) *string { return &r.Container.ID }),
		dim("container.image.name", "Container image.", 512, func(r *Record) *string { return &r.Container.Image }),

		wdim("workflow.input_type", "Type of the input of an AI workflow.", 128, func(r *Record) *string { return &r.Workflow.InputType }),
		wdim("workflow.path", "Tools or actions that an AI workflow took.", 200, func(r *Record) *string { return &r.Workflow.Path }),
		wdim("workflow.routing_tier", "Tier that an AI workflow was routed to.", 64, func(r *Record) *string { return &r.Workflow.RoutingTier }),
		wdim("workflow.account_segment", "Segment of the account that an AI workflow ran for.", 64, func(r *Record) *string { return &r.Workflow.AccountSegment }),
		wdim("workflow.load", "Load while an AI workflow ran, such as low, normal or high.", 32, func(r *Record) *string { return &r.Workflow.Load }),
		wdim("workflow.judge", "Who found that an AI workflow failed: human, model or code.", 16, func(r *Record) *string { return (*string)(&r.Workflow.Judge) }),
		wdim("workflow.label", "The reviewer's word for one failure of an AI workflow.", 128, func(r *Record) *string { return &r.Workflow.Label }),
		wdim("gen_ai.provider.name", "Provider of the model.", 64, func(r *Record) *string { return &r.Workflow.Provider }),
		wdim("gen_ai.request.model", "Model that was asked for.", 128, func(r *Record) *string { return &r.Workflow.RequestModel }),
		wdim("gen_ai.response.model", "Model version that answered.", 128, func(r *Record) *string { return &r.Workflow.ResponseModel }),
		wdim("gen_ai.agent.name", "Name of the agent.", 128, func(r *Record) *string { return &r.Workflow.Agent }),
		wdim("gen_ai.tool.name", "Tool that was called.", 128, func(r *Record) *string { return &r.Workflow.Tool }),
		wdim("gen_ai.evaluation.name", "Evaluation that found the failure.", 128, func(r *Record) *string { return &r.Workflow.Evaluation }),
		wdim("error.type", "Type of the error that ended an operation.", 128, func(r *Record) *string { return &r.Workflow.ErrorType }),

		workflow(text("gen_ai.operation.name", "Operation, such as chat or execute_tool.", 64, func(r *Record) *string { return &r.Workflow.Operation })),
		workflow(text("gen_ai.evaluation.score.label", "Label that the evaluation gave, such as fail.", 64, func(r *Record) *string { return &r.Workflow.ScoreLabel })),
		workflow(text("gen_ai.evaluation.score.value", "Score that the evaluation gave.", 32, func(r *Record) *string { return &r.Workflow.ScoreValue })),
		text("crash.time_source", "What the time was taken from.", 32, func(r *Record) *string { return (*string)(&r.TimeSource) }),
		list("crash.reasons", "Why the crash was classified as it was.", 32, func(r *Record) *[]string { return &r.Finding.Reasons }),
		flag("crash.hardware_suspect", "Whether the evidence points at the machine.", func(r *Record) *bool { return &r.Finding.HardwareSuspect }),
		list("crash.hardware_reasons", "What points at the machine.", 16, func(r *Record) *[]string { return &r.Finding.HardwareReasons }),
		number("crash.signal.number", "Number of the fatal signal.", func(r *Record) *Optional[int64] { return &r.Fault.SignalNum }),
		number("crash.signal.code", "si_code of the fatal signal.", func(r *Record) *Optional[int64] { return &r.Fault.Code }),
		address("crash.signal.address", "si_addr of the fatal signal.", func(r *Record) *Optional[uint64] { return &r.Fault.Addr }),
		address("crash.pc", "Program counter.", func(r *Record) *Optional[uint64] { return &r.Fault.PC }),
		address("crash.sp", "Stack pointer.", func(r *Record) *Optional[uint64] { return &r.Fault.SP }),
		address("crash.fp", "Frame pointer.", func(r *Record) *Optional[uint64] { return &r.Fault.FP }),
		address("crash.lr", "Link register.", func(r *Record) *Optional[uint64] { return &r.Fault.LR }),
		list("crash.frames", "Believable stack frames, innermost first.", 64, func(r *Record) *[]string { return &r.Fault.Frames }),
		list("crash.stack_words", "Kinds of the words around the stack pointer.", 64, func(r *Record) *[]string { return &r.Fault.StackWords }),
		list("crash.registers", "General registers, only when opted in.", 64, func(r *Record) *[]string { return &r.Fault.Registers }),
		number("crash.thread.count", "Threads of the process.", func(r *Record) *Optional[int64] { return &r.Fault.ThreadCount }),
		number("crash.thread.id", "Id of the crashing thread.", func(r *Record) *Optional[int64] { return &r.Fault.ThreadID }),
		flag("crash.core.truncated", "Whether the core file was cut short.", func(r *Record) *bool { return &r.Fault.Truncated }),
		text("crash.core.compression", "Compression of the core file.", 16, func(r *Record) *string { return &r.Fault.Compression }),
		number("crash.core.bytes_read", "Bytes read of the core file.", func(r *Record) *Optional[int64] { return &r.Fault.BytesRead }),
		number("crash.core.size", "Size of the core file in bytes.", func(r *Record) *Optional[int64] { return &r.Fault.FileSize }),
		number("process.pid", "Process id.", func(r *Record) *Optional[int64] { return &r.Process.PID }),
		number("process.uptime_seconds", "Seconds from the start of the process to the crash.", func(r *Record) *Optional[int64] { return &r.Process.UptimeSeconds }),
		number("host.uptime_seconds", "Seconds from the boot of the host to the crash.", func(r *Record) *Optional[int64] { return &r.Host.UptimeSeconds }),
	}
})

var dimensions = sync.OnceValue(func() []Field {
	var ds []Field
	for _, f := range fields() {
		if f.Dimension {
			ds = append(ds, f)
		}
	}
	return ds
})

var byName = sync.OnceValue(func() map[string]Field {
	m := make(map[string]Field)
	for _, f := range fields() {
		m[f.Name] = f
	}
	return m
})

func dim(name, help string, bound int, at func(*Record) *string) Field {
	return Field{Name: name, Help: help, Dimension: true, Bound: bound, String: at}
}

// workflow marks a field of AI workflows' failures.
func workflow(f Field) Field {
	f.Workflow = true
	return f
}

func wdim(name, help string, bound int, at func(*Record) *string) Field {
	return workflow(dim(name, help, bound, at))
}

func text(name, help string, bound int, at func(*Record) *string) Field {
	return Field{Name: name, Help: help, Bound: bound, String: at}
}

func list(name, help string, bound int, at func(*Record) *[]string) Field {
	return Field{Name: name, Help: help, Bound: bound, Strings: at}
}

func flag(name, help string, at func(*Record) *bool) Field {
	return Field{Name: name, Help: help, Bool: at}
}

func number(name, help string, at func(*Record) *Optional[int64]) Field {
	return Field{Name: name, Help: help, Int: at}
}

func address(name, help string, at func(*Record) *Optional[uint64]) Field {
	return Field{Name: name, Help: help, Address: at}
}
