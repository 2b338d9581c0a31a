package population_test

import (
	"os"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/epicurve/epicurve/archive/evaluate/population"
)

// TestNotUnderstood: a truth that can't be checked is an error, not a skip.
func TestNotUnderstood(t *testing.T) {
	const cluster = `{"cluster":"class=other","verdict":"scattered"}`
	for name, truth := range map[string]string{
		"new field":        `{"archive":["2025-06-01T00:00:00Z","2026-06-01T00:00:00Z"],"clusters":[` + cluster + `],"colour":"red"}`,
		"new cluster":      `{"archive":["2025-06-01T00:00:00Z","2026-06-01T00:00:00Z"],"clusters":[{"cluster":"class=other","verdict":"scattered","mood":1}]}`,
		"unknown verdict":  `{"archive":["2025-06-01T00:00:00Z","2026-06-01T00:00:00Z"],"clusters":[{"cluster":"class=other","verdict":"cursed"}]}`,
		"unknown state":    `{"archive":["2025-06-01T00:00:00Z","2026-06-01T00:00:00Z"],"clusters":[{"cluster":"class=other","verdict":"scattered","must_never_be":"late"}]}`,
		"unknown column":   `{"archive":["2025-06-01T00:00:00Z","2026-06-01T00:00:00Z"],"clusters":[{"cluster":"planet=mars","verdict":"scattered"}]}`,
		"all on nothing":   `{"archive":["2025-06-01T00:00:00Z","2026-06-01T00:00:00Z"],"clusters":[{"cluster":"class=other","verdict":"all"}]}`,
		"half a pair":      `{"archive":["2025-06-01T00:00:00Z","2026-06-01T00:00:00Z"],"clusters":[{"cluster":"class=other","verdict":"all","dimension":"kernel+cpu_model","value":"6.8"}]}`,
		"vague onset":      `{"archive":["2025-06-01T00:00:00Z","2026-06-01T00:00:00Z"],"clusters":[{"cluster":"class=other","verdict":"scattered","onset_true":"in spring"}]}`,
		"unknown grade":    `{"archive":["2025-06-01T00:00:00Z","2026-06-01T00:00:00Z"],"clusters":[{"cluster":"class=other","verdict":"scattered","grade":"A+"}]}`,
		"unknown split":    `{"archive":["2025-06-01T00:00:00Z","2026-06-01T00:00:00Z"],"one_or_two":[{"symptom":"class=other","split":"class","verdict":"seven"}]}`,
		"no window":        `{"clusters":[` + cluster + `]}`,
		"nothing to check": `{"archive":["2025-06-01T00:00:00Z","2026-06-01T00:00:00Z"]}`,
		"not JSON":         `pop`,
	} {
		if got, err := population.ParseTruth([]byte(truth)); err == nil {
			t.Errorf("%s: accepted as %+v", name, got)
		}
	}
	if _, err := population.ParseTruth([]byte(`{"archive":["2025-06-01T00:00:00Z","2026-06-01T00:00:00Z"],"clusters":[` + cluster + `]}`)); err != nil {
		t.Errorf("a plain truth: %v", err)
	}
}

// TestLoadRefuses names the file and what is wrong with it.
func TestLoadRefuses(t *testing.T) {
	files := func() fstest.MapFS {
		return fstest.MapFS{
			"pop_x.truth.json":  {Data: []byte(`{"archive":["2025-06-01T00:00:00Z","2025-06-03T00:00:00Z"],"clusters":[{"cluster":"class=other","verdict":"insufficient"}]}`)},
			"pop_x.csv":         {Data: []byte("time,host,region,build,kernel,cpu_model,instance_type,service,class,signature\n2025-06-01T01:00:00Z,h1,r,b,k,c,i,s,other,sig\n")},
			"pop_x.hosts.csv":   {Data: []byte("host,region,cpu_model,instance_type,service,kernel_from,kernel\nh1,r,c,i,s,2025-05-01T00:00:00Z,k\n")},
			"pop_x.rollout.csv": {Data: []byte("region,build,from\nr,b,2025-05-01T00:00:00Z\n")},
			"pop_x.outages.csv": {Data: []byte("region,from,to\n")},
		}
	}
	all, err := population.LoadAll(files())
	if err != nil || len(all) != 1 || len(all[0].HostDays()) != 2 || all[0].HostDays()[0].Values[population.Build] != "b" {
		t.Fatalf("plain files: %v", err)
	}
	d, err := population.NewDirect(all[0], true)
	if err != nil {
		t.Fatal(err)
	}
	if wrong := all[0].Check(d); len(wrong) != 0 {
		t.Errorf("plain files: %q", wrong)
	}
	for name, change := range map[string]struct{ file, data, says string }{
		"missing file":   {"pop_x.hosts.csv", "", "pop_x.hosts.csv"},
		"empty file":     {"pop_x.rollout.csv", " ", "pop_x.rollout.csv"},
		"unknown column": {"pop_x.outages.csv", "region,from,to,why\n", `column "why" is not understood`},
		"missing column": {"pop_x.csv", "time,host\n", "is missing"},
		"bad time":       {"pop_x.rollout.csv", "region,build,from\nr,b,noon\n", "line 2: from"},
		"bad weight":     {"pop_x.hosts.csv", "host,region,cpu_model,instance_type,service,kernel_from,kernel,traffic_weight\nh1,r,c,i,s,2025-05-01T00:00:00Z,k,-4\n", "is not a weight"},
	} {
		fsys := files()
		if change.data == "" {
			delete(fsys, change.file)
		} else {
			fsys[change.file] = &fstest.MapFile{Data: []byte(change.data)}
		}
		if _, err := population.LoadAll(fsys); err == nil || !strings.Contains(err.Error(), change.says) {
			t.Errorf("%s: error is %v, want %q in it", name, err, change.says)
		}
	}
	if _, err := population.LoadAll(fstest.MapFS{}); err == nil {
		t.Error("an empty folder is accepted")
	}
}

// TestCheckSeesLies changes the truth: each lie must be found.
func TestCheckSeesLies(t *testing.T) {
	for name, lie := range map[string]func(*population.Population){
		"verdict":         func(p *population.Population) { p.Truth.Clusters[0].Verdict = "mostly" },
		"value":           func(p *population.Population) { p.Truth.Clusters[0].Value = "h152" },
		"onset":           func(p *population.Population) { p.Truth.Clusters[0].OnsetTrue = "2025-08-01T00:00:00Z" },
		"censored":        func(p *population.Population) { p.Truth.Clusters[0].OnsetTrue = "before the archive" },
		"state":           func(p *population.Population) { p.Truth.Clusters[0].StateAtEnd = "active" },
		"never gone":      func(p *population.Population) { p.Truth.Clusters[0].MustNeverBe = population.Words{"gone"} },
		"explained away":  func(p *population.Population) { p.Truth.Clusters[0].ExplainedAway = []string{"kernel=6.8.0-1015"} },
		"alias":           func(p *population.Population) { p.Truth.Clusters[0].Aliases = []string{"kernel=6.8.0-1015"} },
		"grade":           func(p *population.Population) { p.Truth.Clusters[0].Grade = "hint (5-9 episodes)" },
		"first row":       func(p *population.Population) { p.Truth.Clusters[0].FirstRow = &p.From },
		"one, not two":    func(p *population.Population) { p.Truth.OneOrTwo[0].Verdict = "one" },
		"number of rows":  func(p *population.Population) { p.Truth.Rows++ },
		"number of hosts": func(p *population.Population) { p.Truth.HostN++ },
	} {
		t.Run(name, func(t *testing.T) {
			p, err := population.Load(os.DirFS("testdata"), "pop_openai_like")
			if err != nil {
				t.Fatal(err)
			}
			p.Truth.Clusters = p.Truth.Clusters[:1] // the others take long
			lie(p)
			d, err := population.NewDirect(p, false)
			if err != nil {
				t.Fatal(err)
			}
			if len(p.Check(d)) == 0 {
				t.Error("the lie is not found")
			}
		})
	}
}

func FuzzParseTruth(f *testing.F) {
	for _, name := range []string{"pop_openai_like", "pop_decoy"} {
		raw, err := os.ReadFile("testdata/" + name + ".truth.json")
		if err != nil {
			f.Fatal(err)
		}
		f.Add(raw)
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		truth, err := population.ParseTruth(raw)
		if err != nil {
			return
		}
		for _, c := range truth.Clusters {
			if s, err := population.ParseSelector(c.Cluster); err != nil || len(s) == 0 {
				t.Errorf("accepted cluster %q does not parse: %v", c.Cluster, err)
			}
		}
	})
}
