package bench

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/epicurve/epicurve/pkg/crash"
)

// Shape of the population: that of a fleet of a few thousand hosts.
const (
	hosts      = 5000
	regions    = 12
	builds     = 40
	services   = 60
	signatures = 20_000
	kernels    = 15
	zipf       = 1.1
)

// population makes records of a realistic fleet: a few signatures make most of
// the crashes, each belongs to one service, and times rise through the span.
type population struct {
	rng   *rand.Rand
	zipf  *rand.Zipf
	from  time.Time
	step  time.Duration // mean distance of two crashes
	count int64
}

func newPopulation(from time.Time, span time.Duration, n int) *population {
	rng := rand.New(rand.NewPCG(7, uint64(n)))
	return &population{rng: rng, zipf: rand.NewZipf(rng, zipf, 1, signatures-1), from: from, step: span / time.Duration(max(n, 1))}
}

// records returns the next n records.
func (p *population) records(n int) []crash.Record {
	out := make([]crash.Record, n)
	for i := range out {
		out[i] = p.record()
	}
	return out
}

func (p *population) record() crash.Record {
	n := p.count
	p.count++
	at := p.from.Add(time.Duration(n)*p.step + time.Duration(p.rng.Int64N(int64(p.step)+1))).Truncate(time.Microsecond)
	host, sig := p.rng.IntN(hosts), int(p.zipf.Uint64())
	service := fmt.Sprintf("svc-%02d", sig%services)
	kind := crash.Kinds()[sig%len(crash.Kinds())]
	r := crash.Record{
		Time: at, TimeSource: crash.TimeFromCoreName, Source: crash.SourceCore, SchemaVersion: crash.SchemaVersion, ClassifierVersion: 1,
		Finding: crash.Finding{
			Class: kind.Class(), Kind: kind, Signature: fmt.Sprintf("%s at lib%03d.so+0x%05x", kind, sig%311, sig*64), Confidence: crash.ConfidenceCertain,
			Caller: fmt.Sprintf("%s+0x%06x", service, sig*32), Reasons: []string{"signal SIGSEGV", fmt.Sprintf("rule %s", kind)},
		},
		Process: crash.Process{
			Executable: service, ServiceName: service, ServiceVersion: fmt.Sprintf("1.%d.0", p.rng.IntN(builds)),
			PID: crash.Some(p.rng.Int64N(1 << 22)), UptimeSeconds: crash.Some(p.rng.Int64N(1e6)),
		},
	}
	binary.BigEndian.PutUint64(r.ID[:8], p.rng.Uint64())
	binary.BigEndian.PutUint64(r.ID[8:], p.rng.Uint64())
	r.Process.BuildID = fmt.Sprintf("%040x", sig%services*1000+p.rng.IntN(builds))
	r.Fault = p.fault(sig, service)
	r.Host, r.Cloud = machine(host)
	r.Host.UptimeSeconds = crash.Some(n % 10_000_000)
	return r
}

func (p *population) fault(sig int, service string) crash.Fault {
	slide := p.rng.Uint64N(1<<28) << 12 // address space randomization
	f := crash.Fault{
		Signal: "SIGSEGV", SignalNum: crash.Some[int64](11), Code: crash.Some[int64](1), Arch: "amd64",
		Addr: crash.Some(p.rng.Uint64N(1 << 12)), PC: crash.Some(0x5500_0000_0000 + slide + uint64(sig*64)), SP: crash.Some(0x7ff0_0000_0000 + p.rng.Uint64N(1<<32)&^15),
		FP: crash.Some(0x7ff0_0000_0000 + p.rng.Uint64N(1<<32)&^15), Module: fmt.Sprintf("lib%03d.so", sig%311), ThreadName: fmt.Sprintf("worker-%d", sig%16),
		ThreadCount: crash.Some[int64](8 + int64(sig%64)), ThreadID: crash.Some(p.rng.Int64N(1 << 22)), BytesRead: crash.Some[int64](32768), FileSize: crash.Some(p.rng.Int64N(1 << 32)),
		StackWords: []string{"text", "stack", "heap", "null_page"},
	}
	for i := range 6 {
		f.Frames = append(f.Frames, fmt.Sprintf("%s+0x%06x", service, sig*32+i*4096))
	}
	return f
}

// machine describes a host; all of it follows from its number.
func machine(n int) (crash.Host, crash.Cloud) {
	region := fmt.Sprintf("region-%02d", n%regions)
	host := crash.Host{
		Name: fmt.Sprintf("host-%04d", n), ID: fmt.Sprintf("%032x", n*7919), BootID: fmt.Sprintf("%08x-0000-4000-8000-%012x", n, n),
		PhysicalID: fmt.Sprintf("rack-%03d-u%02d", n/40, n%40), CPUModel: fmt.Sprintf("CPU model %d", n%7), Microcode: fmt.Sprintf("0x%x", 0x1000+n%9),
		KernelRelease: fmt.Sprintf("6.%d.0-cloud", n%kernels), Type: fmt.Sprintf("m%d.%dxlarge", n%5, 1<<(n%4)),
	}
	return host, crash.Cloud{Provider: "cloud", Region: region, AvailabilityZone: region + string(rune('a'+n%3))}
}
