package rehearsal

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"
)

// The rates of the story, in crashes per host and day.
const (
	raceRate       = 3.0 / 40 // of every host, until its build is fixed
	misalignedRate = 0.7      // of a host on the bad machine
	ordinaryRate   = 2.5 / 40 // of every host, always
)

// vm is one simulated host.
type vm struct {
	name, id, region, cpu string
	boot                  string    // boot id
	booted                time.Time // before the story begins
}

// kernel runs on every host.
const kernel = "6.8.0-41"

// event is one crash: which of the stored cores appears on which host, when.
type event struct {
	vm   int
	at   time.Time
	core string // name in testdata/cores
	pid  int32  // its own
}

// chapter is a time in which nothing moves and nothing is deployed.
type chapter struct {
	from, to int // days of the story, [from, to)
	// machine is the physical host below each vm, version the build on it.
	machine, version []string
	events           []event
}

// story is what truly happens.
type story struct {
	seed     uint64
	start    time.Time
	days     int
	vms      []vm
	chapters []chapter

	bad      string   // the physical host
	badVMs   []string // names of the vms that crashed on it
	region   string   // where it stands
	onset    int      // first day of its disease
	removed  int      // day on which it is taken out
	fixed    int      // day on which the last region has the fixed build
	race     int      // crashes by the race
	shifted  int      // crashes with a misaligned stack
	ordinary int      // others
}

// The stored cores of each disease have one executable, as an outbreak has; the
// ordinary ones are of several kinds.
var (
	raceCores     = []string{"unwind_natural_1", "unwind_natural_2", "unwind_natural_3", "unwind_natural_4"}
	shiftedCores  = []string{"misaligned_movaps", "misaligned_noncanonical", "misaligned_rodata", "misaligned_unmapped", "misaligned_up_heap"}
	ordinaryCores = []string{"abort", "fpe", "null_read", "recurse", "throw", "ud2"}
)

// The clusters of the two diseases.
const (
	raceCluster    = "return_to_null/return_to_null in unwind_race"
	shiftedCluster = "misaligned_stack/misaligned_stack in misalign-7eeb"
)

const regions = 2

// newStory draws a story; the same seed gives the same one.
func newStory(seed uint64, hosts int) *story {
	rng := rand.New(rand.NewPCG(seed, 1)) //nolint:gosec // repeatable, not secret
	s := &story{
		seed: seed, days: 130, start: time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC),
		onset: 20 + rng.IntN(12), fixed: 62 + rng.IntN(6), removed: 76 + rng.IntN(8),
	}
	machine, version := make([]string, hosts), make([]string, hosts)
	for i := range hosts {
		region := []string{"eu-1", "us-1"}[i*regions/hosts]
		s.vms = append(s.vms, vm{name: fmt.Sprintf("vm-%02d", i), id: fmt.Sprintf("%016x%016x", rng.Uint64(), i), region: region, cpu: []string{"EPYC 9V74", "Xeon 8473C"}[i/2%2]})
		b := rng.Uint64()
		s.vms[i].boot = fmt.Sprintf("%08x-%04x-4%03x-8%03x-%012x", b>>32, b>>16&0xffff, b>>4&0xfff, b&0xfff, i)
		s.vms[i].booted = s.start.Add(-time.Duration(rng.IntN(40*24)) * time.Hour)
		machine[i], version[i] = fmt.Sprintf("metal-%s-%02d", region, i/2), "r1"
	}
	first := 2 * rng.IntN(hosts/2) // of the two vms on the bad machine
	s.bad, s.region = machine[first], s.vms[first].region

	s.turn(0, machine, version)
	// One of the two moves away, a vm of another machine of the region comes.
	other := s.neighbour(rng, machine)
	machine[first], machine[other] = machine[other], machine[first]
	s.turn(s.onset+16, machine, version)
	s.badVMs = []string{s.vms[first].name, s.vms[first+1].name, s.vms[other].name}
	for r, day := range []int{s.fixed - 3, s.fixed} {
		for i := range s.vms {
			if i*regions/hosts == r {
				version[i] = "r2"
			}
		}
		s.turn(day, machine, version)
	}
	for i, m := range machine {
		if m == s.bad {
			machine[i] = "metal-" + s.region + "-spare"
		}
	}
	s.turn(s.removed, machine, version)
	s.fill(rng)
	return s
}

// neighbour is a vm of the bad machine's region that is not on it.
func (s *story) neighbour(rng *rand.Rand, machine []string) int {
	for {
		if i := rng.IntN(len(s.vms)); s.vms[i].region == s.region && machine[i] != s.bad {
			return i
		}
	}
}

// turn begins a chapter on a day.
func (s *story) turn(day int, machine, version []string) {
	if n := len(s.chapters); n > 0 {
		s.chapters[n-1].to = day
	}
	s.chapters = append(s.chapters, chapter{from: day, to: s.days, machine: slices.Clone(machine), version: slices.Clone(version)})
}

// fill draws the crashes of every chapter.
func (s *story) fill(rng *rand.Rand) {
	pid := int32(1000)
	for n := range s.chapters {
		c := &s.chapters[n]
		for i := range s.vms {
			if c.version[i] == "r1" {
				s.race += s.draw(rng, c, i, raceRate, c.from, raceCores)
			}
			if c.machine[i] == s.bad {
				s.shifted += s.draw(rng, c, i, misalignedRate, max(c.from, s.onset), shiftedCores)
			}
			s.ordinary += s.draw(rng, c, i, ordinaryRate, c.from, ordinaryCores)
		}
		slices.SortFunc(c.events, func(a, b event) int { return cmp.Or(a.at.Compare(b.at), cmp.Compare(a.vm, b.vm)) })
		for e := range c.events {
			pid++
			c.events[e].pid = pid
		}
	}
}

// draw draws the crashes of one kind on one host, a Poisson process from day
// "from" to the chapter's end, and returns their number.
func (s *story) draw(rng *rand.Rand, c *chapter, host int, rate float64, from int, cores []string) (n int) {
	for day := float64(from) + rng.ExpFloat64()/rate; day < float64(c.to); day += rng.ExpFloat64() / rate {
		at := s.start.Add(time.Duration(day * 24 * float64(time.Hour))).Truncate(time.Second)
		c.events = append(c.events, event{vm: host, at: at, core: cores[rng.IntN(len(cores))]})
		n++
	}
	return n
}

// day is the beginning of a day of the story.
func (s *story) day(n int) time.Time { return s.start.AddDate(0, 0, n) }

func (s *story) crashes() int { return s.race + s.shifted + s.ordinary }
