// Package rehearsal plays a whole outbreak on one machine and asks the product
// what happened. Exporters of many simulated hosts, the archive and the Grafana
// plugin run as real processes; the core files are real ones of
// testdata/cores, each given a pid of its own as every crash has; programs are
// killed at random on the way.
//
// The story is that of two diseases with one complaint. Virtual machines crash
// with a misaligned stack whenever they sit on one physical host, from a day on
// until the host is taken out. All of them crash by the race in GNU libunwind,
// until a build without it is rolled out. Ordinary crashes go on throughout.
//
// Time is injected, not slept: cores carry their time in their names, and the
// exposure of each day is sent in the exporters' wire format, because exporters
// themselves live in the present.
package rehearsal
