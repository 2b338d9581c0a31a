package evaluate

import (
	"math/rand/v2"
	"testing"

	"github.com/epicurve/epicurve/archive/store"
	"github.com/epicurve/epicurve/pkg/epi"
)

// BenchmarkAddQuality looks over a year's 10^6 rows of 5,000 hosts.
func BenchmarkAddQuality(b *testing.B) {
	const rows, hosts, days = 1_000_000, 5000, 365
	rng := rand.New(rand.NewPCG(1, 1))
	k := crashes()
	pop := store.Population{
		Class: []string{"other"}, Source: []string{"core", "kernel_log"}, Signal: []string{"SIGSEGV", "SIGABRT"},
		Values: make([][]string, len(k.names())),
	}
	c := &pop.Crashes
	c.Codes = make([][]int32, len(k.names()))
	for h := range hosts {
		name := string([]byte{'h', byte('0' + h/1000), byte('0' + h/100%10), byte('0' + h/10%10), byte('0' + h%10)})
		pop.Boot, pop.Executable, pop.Values[1] = append(pop.Boot, name), append(pop.Executable, name+"-server"), append(pop.Values[1], name)
	}
	const begin = int64(20240 * microsPerDay)
	for i := range rows {
		at := begin + int64(float64(i)/rows*days*microsPerDay)
		h := int32(rng.IntN(hosts))
		c.Time = append(c.Time, at)
		c.Received = append(c.Received, at+rng.Int64N(60e6))
		c.PID = append(c.PID, rng.Int64N(1<<22))
		c.Class, c.Source, c.Signal = append(c.Class, 0), append(c.Source, int32(i%10/9)), append(c.Signal, int32(i%2))
		c.Boot, c.Executable, c.Codes[1] = append(c.Boot, h), append(c.Executable, h%100), append(c.Codes[1], h)
	}
	b.ReportAllocs()
	for b.Loop() {
		in := epi.Input{To: 20240 + days}
		k.addQuality(&in, pop)
	}
}
