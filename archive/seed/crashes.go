package seed

import (
	"math"
	"time"

	"github.com/epicurve/epicurve/pkg/crash"
)

// disease is what makes crashes of one signature.
type disease struct {
	kind       crash.Kind
	signature  string
	executable string
	signal     string
	number     int64
	// rate is the crashes a day of the whole fleet at a moment.
	rate func(f *Fleet, at time.Time) float64
	// place changes what is not as on any host; nil changes nothing.
	place func(f *Fleet, r *crash.Record)
}

func diseases() []disease {
	steady := func(perDay float64) func(*Fleet, time.Time) float64 {
		return func(*Fleet, time.Time) float64 { return perDay }
	}
	return []disease{
		{kind: crash.KindReturnToNull, signature: "return_to_null in leafd", executable: "leafd", signal: "SIGSEGV", number: 11, rate: unwinderRace},
		{
			kind: crash.KindMisalignedStack, signature: "misaligned_stack in leafd", executable: "leafd", signal: "SIGSEGV", number: 11,
			rate: sickMachineRate, place: onSickMachine,
		},
		{kind: crash.KindNullDeref, signature: "null_deref at rooterd+0x1f30", executable: "rooterd", signal: "SIGSEGV", number: 11, rate: steady(0.9)},
		{kind: crash.KindAssert, signature: "assert at mergerd+0x88c0", executable: "mergerd", signal: "SIGABRT", number: 6, rate: steady(0.5)},
		{kind: crash.KindOutOfMemory, signature: "out_of_memory in leafd", executable: "leafd", signal: "SIGKILL", number: 9, rate: steady(0.7)},
		{kind: crash.KindUncaughtException, signature: "uncaught_exception at ingestd+0x4410", executable: "ingestd", signal: "SIGABRT", number: 6, rate: youngest},
		{kind: crash.KindHeapCorruption, signature: "heap_corruption at tokenizerd+0x2a10", executable: "tokenizerd", signal: "SIGABRT", number: 6, rate: steady(0.3)},
		{kind: crash.KindUnreadable, executable: "leafd", signal: "SIGSEGV", number: 11, rate: steady(0.15)},
	}
}

// unwinderRace rises slowly, so that nobody can say when it began, until the fix.
func unwinderRace(f *Fleet, at time.Time) float64 {
	if !at.Before(f.ago(fixedDaysAgo)) {
		return 0
	}
	days := at.Sub(f.ago(history)).Hours() / 24
	return 0.6 * math.Exp(days/34)
}

func sickMachineRate(f *Fleet, at time.Time) float64 {
	if at.Before(f.ago(sickDaysAgo)) || !at.Before(f.ago(removedDaysAgo)) {
		return 0
	}
	return 2.4
}

// onSickMachine puts a crash on one of the five virtual machines that landed on
// the sick machine, soon after its boot.
func onSickMachine(f *Fleet, r *crash.Record) {
	n := f.rng.IntN(5)
	r.Host, r.Cloud = host(4*(n*4+3) + 3)
	r.Cloud.Region, r.Host.PhysicalID = sickRegion, sickMachine
	r.Host.UptimeSeconds = crash.Some(int64(600 + f.rng.IntN(5400)))
	r.Finding.HardwareSuspect = true
	r.Finding.HardwareReasons = []string{"sp is off by 8 and no instruction before pc moves it so"}
}

// youngest is a cluster that was not there before.
func youngest(f *Fleet, at time.Time) float64 {
	if at.Before(f.ago(newDaysAgo)) {
		return 0
	}
	return 9
}

// Crashes returns the crashes of [from, to), each disease's by a Poisson process.
func (f *Fleet) Crashes(from, to time.Time) []crash.Record {
	var records []crash.Record
	const step = time.Hour
	for i, d := range diseases() {
		for at := from; at.Before(to); at = at.Add(step) {
			length := min(step, to.Sub(at))
			for range f.poisson(d.rate(f, at) * length.Hours() / 24) {
				r := f.crash(d, at.Add(time.Duration(f.rng.Int64N(int64(length)))))
				r.Complete("epicurve-seed", d.signature, string(rune('a'+i)))
				records = append(records, r)
			}
		}
	}
	return records
}

func (f *Fleet) crash(d disease, at time.Time) crash.Record {
	r := crash.Record{
		Time: at.UTC().Truncate(time.Microsecond), TimeSource: crash.TimeFromCoreName, Source: crash.SourceCore, ClassifierVersion: 1,
		Finding: crash.Finding{Class: d.kind.Class(), Kind: d.kind, Signature: d.signature, Confidence: crash.ConfidenceCertain},
		Fault:   crash.Fault{Signal: d.signal, SignalNum: crash.Some(d.number), Arch: "amd64"},
		Process: crash.Process{
			Executable: d.executable, ServiceName: d.executable, ServiceVersion: f.version(at), PID: crash.Some(int64(1000 + f.rng.IntN(60000))),
			UptimeSeconds: crash.Some(int64(60 + f.rng.IntN(800_000))),
		},
	}
	r.Host, r.Cloud = host(f.rng.IntN(hosts))
	r.Host.UptimeSeconds = crash.Some(int64(3600 + f.rng.IntN(4_000_000)))
	if d.place != nil {
		d.place(f, &r)
	}
	return r
}

// poisson draws a Poisson number of a small mean (Knuth).
func (f *Fleet) poisson(mean float64) int {
	n, limit := 0, math.Exp(-mean)
	for p := f.rng.Float64(); p > limit; p *= f.rng.Float64() {
		n++
	}
	return n
}
