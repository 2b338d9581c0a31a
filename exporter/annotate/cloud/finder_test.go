package cloud

import (
	"context"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// dmi writes firmware tables below a directory that stands for /sys.
func dmi(t *testing.T, files map[string]string) string {
	t.Helper()
	sys := t.TempDir()
	dir := filepath.Join(sys, "class/dmi/id")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return sys
}

// The firmware says whom to ask, and on EC2 more.
func TestFirmware(t *testing.T) {
	for _, tc := range []struct {
		name  string
		files map[string]string
		ask   []string
		place Place
	}{
		{
			"Nitro",
			map[string]string{"sys_vendor": "Amazon EC2", "product_name": "m5.large", "board_asset_tag": "i-0123456789abcdef0"},
			[]string{AWS},
			Place{Provider: "aws", InstanceType: "m5.large", InstanceID: "i-0123456789abcdef0"},
		},
		{"Xen of EC2", map[string]string{"sys_vendor": "Xen", "product_name": "HVM domU", "bios_version": "4.11.amazon"}, []string{AWS}, Place{Provider: "aws"}},
		{"GCE", map[string]string{"sys_vendor": "Google", "product_name": "Google Compute Engine"}, []string{GCE}, Place{Provider: "gcp"}},
		{"Azure", map[string]string{"sys_vendor": "Microsoft Corporation", "chassis_asset_tag": azureTag}, []string{Azure}, Place{Provider: "azure"}},
		{"Hyper-V elsewhere", map[string]string{"sys_vendor": "Microsoft Corporation", "chassis_asset_tag": "x"}, nil, Place{}},
		{"iron", map[string]string{"sys_vendor": "Dell Inc.", "product_name": "PowerEdge R640"}, nil, Place{}},
		{"no firmware", nil, []string{AWS, GCE, Azure}, Place{}},
	} {
		f, err := New(Config{Sys: dmi(t, tc.files)})
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(f.ask, tc.ask) || f.Place() != tc.place {
			t.Errorf("%s: asks %v, knows %+v", tc.name, f.ask, f.Place())
		}
		if want := len(tc.ask) == 1; f.Expected() != want {
			t.Errorf("%s: expected %t, want %t", tc.name, f.Expected(), want)
		}
	}
	f, err := New(Config{Provider: Off, Sys: dmi(t, map[string]string{"sys_vendor": "Amazon EC2"})})
	if err != nil || len(f.ask) != 0 || f.Place() != (Place{}) {
		t.Errorf("switched off: %v %+v %v", f.ask, f.Place(), err)
	}
}

// Where nothing tells the cloud, each is asked, and the right one answers.
func TestGuess(t *testing.T) {
	for want, h := range map[Place]http.HandlerFunc{ec2Place: ec2, gcePlace: googles(nil), azurePlace: azures} {
		f, err := New(Config{Sys: t.TempDir(), Endpoint: server(t, h), Timeout: 5 * time.Second})
		if err != nil {
			t.Fatal(err)
		}
		if err := f.Look(t.Context()); err != nil || f.Place() != want {
			t.Errorf("%+v, %v: want %+v", f.Place(), err, want)
		}
	}
}

// calls counts results.
type calls struct {
	mu  sync.Mutex
	all []string
}

func (c *calls) add(result string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.all = append(c.all, result)
}

// Where no server answers and none need be, it ends by itself; where one should
// be, it goes on, ever more slowly.
func TestOffByItself(t *testing.T) {
	endpoint := freePort(t)
	for provider, want := range map[string]int{Auto: maxGuesses, AWS: 11} {
		// Of AWS: 5, 10, 20, … seconds spread by half; 12 hours hold a known number at the least.
		sys := t.TempDir()
		synctest.Test(t, func(t *testing.T) {
			var c calls
			f, err := New(Config{Provider: provider, Endpoint: endpoint, Sys: sys, Asked: c.add})
			if err != nil {
				t.Fatal(err)
			}
			f.client.http.Transport = refuse{} // a real socket would stop the clock of synctest
			ctx, cancel := context.WithCancel(context.Background())
			ended := make(chan struct{})
			go func() { defer close(ended); f.Run(ctx) }()
			time.Sleep(12 * time.Hour)
			synctest.Wait()
			c.mu.Lock()
			n := len(c.all)
			c.mu.Unlock()
			if provider == Auto && n != want {
				t.Errorf("asked %d times, want %d", n, want)
			}
			if provider == AWS && (n < want || n > 40) {
				t.Errorf("asked %d times in 12 hours, want %d to 40", n, want)
			}
			cancel()
			<-ended
		})
	}
}

// refuse stands for a network on which nobody answers.
type refuse struct{}

func (refuse) RoundTrip(*http.Request) (*http.Response, error) { return nil, os.ErrDeadlineExceeded }

// After a failure it is asked again, and what was known stays meanwhile; after
// a live migration the new host is told.
func TestRefresh(t *testing.T) {
	var broken atomic.Bool
	var host atomic.Value
	host.Store("/a/b/c1")
	endpoint := server(t, func(w http.ResponseWriter, r *http.Request) {
		if broken.Load() {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		googles(map[string]string{"attributes/physical_host": host.Load().(string)})(w, r)
	})
	var places []Place
	f, err := New(Config{Provider: GCE, Endpoint: endpoint, Sys: t.TempDir(), Timeout: 5 * time.Second, Changed: func(p Place) { places = append(places, p) }})
	if err != nil {
		t.Fatal(err)
	}
	look := func(wantErr bool) {
		t.Helper()
		if err := f.Look(t.Context()); (err != nil) != wantErr {
			t.Errorf("error %v, want one: %t", err, wantErr)
		}
	}
	look(false)
	look(false)
	broken.Store(true)
	look(true)
	if f.Place().PhysicalHost != "/a/b/c1" {
		t.Errorf("forgotten by a failure: %+v", f.Place())
	}
	broken.Store(false)
	host.Store("/a/b/c2")
	look(false)
	if len(places) != 2 || places[1].PhysicalHost != "/a/b/c2" {
		t.Errorf("told %+v, want two places", places)
	}
}

// An answer outlives a restart, but not a reboot, and not a tampered file.
func TestCache(t *testing.T) {
	cache, sys := filepath.Join(t.TempDir(), "cloud.json"), t.TempDir()
	open := func(boot, provider string) *Finder {
		f, err := New(Config{Provider: provider, Endpoint: server(t, ec2), Sys: sys, Cache: cache, BootID: boot, Timeout: 5 * time.Second})
		if err != nil {
			t.Fatal(err)
		}
		return f
	}
	if f := open("b1", AWS); f.Look(t.Context()) != nil || f.Place() != ec2Place {
		t.Fatalf("%+v", f.Place())
	}
	if f := open("b1", AWS); f.Place() != ec2Place || f.Expected() {
		t.Errorf("after a restart: %+v", f.Place())
	}
	if f := open("b1", Auto); f.Place() != ec2Place {
		t.Errorf("after a restart, guessing: %+v", f.Place())
	}
	for _, f := range []*Finder{open("b2", AWS), open("b1", GCE), open("", AWS)} {
		if f.Place() != (Place{}) {
			t.Errorf("believed: %+v", f.Place())
		}
	}
	if err := os.WriteFile(cache, []byte(`{"bootId":"b1","provider":"aws","place":{"region":"\u001b[2J","instanceType":"x"}}`), 0o600); err != nil {
		t.Fatal(err)
	}
	if f := open("b1", AWS); f.Place() != (Place{}) {
		t.Errorf("believed: %+v", f.Place())
	}
}
