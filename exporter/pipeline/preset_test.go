package pipeline

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/klauspost/compress/zstd"
	"golang.org/x/sys/unix"

	"github.com/epicurve/epicurve/exporter/annotate"
	"github.com/epicurve/epicurve/exporter/spool"
	"github.com/epicurve/epicurve/exporter/watch"
	"github.com/epicurve/epicurve/pkg/crash"
)

// recorded takes a file through a pipeline and returns its record.
func recorded(t *testing.T, names []string, f watch.File) *crash.Record {
	t.Helper()
	dir := t.TempDir()
	s, err := spool.Open(spool.Config{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	l := newLine(t, s, State{}, 0)
	defer l.stop()
	if l.reader.Names, err = annotate.NewNames(annotate.Roots{Proc: t.TempDir()}, names); err != nil {
		t.Fatal(err)
	}
	l.reader.Machine = machine
	if v, _ := l.Handle(t.Context(), f); v != watch.Done || l.counted() != 1 {
		t.Fatalf("verdict %v, counted %d", v, l.counted())
	}
	batch, err := s.Batch(1, 1<<20)
	if err != nil || len(batch) != 1 {
		t.Fatalf("%d records, %v", len(batch), err)
	}
	return batch[0].Record
}

// A core as systemd-coredump stores it: compressed, its name escaped, with
// extended attributes that know better than the name.
func TestSystemdPreset(t *testing.T) {
	packer, err := zstd.NewWriter(nil)
	if err != nil {
		t.Fatal(err)
	}
	at := time.Date(2026, 1, 2, 3, 4, 5, 123456000, time.UTC)
	for _, attributes := range []bool{false, true} {
		f := dropAt(t, packer.EncodeAll(core(7), nil), at.Add(time.Minute))
		path := filepath.Join(filepath.Dir(f.Path), fmt.Sprintf(`core.my\x2eserver\x2f1.1000.%s.4711.%d.zst`, strings.ReplaceAll(boot, "-", ""), at.UnixMicro()))
		if err := os.Rename(f.Path, path); err != nil {
			t.Fatal(err)
		}
		f.Path = path
		if attributes {
			for name, value := range map[string]string{
				"pid": "4711", "uid": "1000", "gid": "1000", "signal": "11", "timestamp": fmt.Sprint(at.Add(time.Second).UnixMicro()),
				"rlimit": "18446744073709551615", "hostname": "web-1", "comm": "my.server/1", "exe": "/opt/my/server-binary",
			} {
				if err := unix.Setxattr(path, "user.coredump."+name, []byte(value), 0); err != nil {
					t.Skipf("this filesystem has no user attributes: %v", err)
				}
			}
		}
		r := recorded(t, nil, f)
		want := at
		if attributes {
			want = at.Add(time.Second)
		}
		// The core itself names the process, and the host's boot is the name's.
		if !r.Time.Equal(want) || r.TimeSource != crash.TimeFromCoreName || r.Process.PID != crash.Some(int64(4711)) || r.Host.BootID != boot ||
			r.Fault.Compression != "zstd" || r.Process.Executable != "demo" || r.Finding.Kind != crash.KindReturnToNull {
			t.Errorf("with attributes %t: %s %s pid %v boot %s %q %q %s", attributes, r.Time, r.TimeSource, r.Process.PID, r.Host.BootID,
				r.Fault.Compression, r.Process.Executable, r.Finding.Kind)
		}
	}
}

// Every specifier of core(5) in one name.
func TestPlainPreset(t *testing.T) {
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	f := dropAt(t, core(7), at.Add(time.Second))
	const pattern = "%%.%c.%C.%d.%e.%E.%F.%f.%g.%h.%i.%I.%p.%P.%s.%t.%u.core"
	name := fmt.Sprintf("%%.18446744073709551615.3.1.demo.!opt!web!demo.12.demo.1000.web-1.7.4711.7.4711.11.%d.1000.core", at.Unix())
	path := filepath.Join(filepath.Dir(f.Path), name)
	if err := os.Rename(f.Path, path); err != nil {
		t.Fatal(err)
	}
	f.Path = path
	r := recorded(t, []string{"/var/crash/" + pattern}, f)
	if !r.Time.Equal(at) || r.TimeSource != crash.TimeFromCoreName || r.Process.PID != crash.Some(int64(4711)) || r.Host.CPU != "3" || r.Host.Name != "web-1" {
		t.Errorf("%s %s pid %v CPU %q", r.Time, r.TimeSource, r.Process.PID, r.Host.CPU)
	}
}
