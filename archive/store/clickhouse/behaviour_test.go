package clickhouse

import (
	"context"
	"errors"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/epicurve/epicurve/archive/store"
	"github.com/epicurve/epicurve/pkg/crash"
	"github.com/epicurve/epicurve/pkg/query"
)

// TestPasswordFromFile uses the user of the tests' servers that has one.
func TestPasswordFromFile(t *testing.T) {
	opt := fresh(sharedServer(t).Address())
	opt.User, opt.PasswordFile = "guarded", filepath.Join(t.TempDir(), "password")
	for password, works := range map[string]bool{"it's \"secret\" & long\n": true, "it's \"secret\" & long": true, "wrong\n": false} {
		if err := os.WriteFile(opt.PasswordFile, []byte(password), 0o600); err != nil {
			t.Fatal(err)
		}
		s, err := Open(context.Background(), opt)
		if (err == nil) != works {
			t.Errorf("password %q: %v", password, err)
		}
		if err == nil {
			if err := drop(s); err != nil {
				t.Error(err)
			}
		} else if strings.Contains(err.Error(), "secret") {
			t.Errorf("the error repeats the password: %v", err)
		}
	}
}

// TestCancelEndsTheStatement leaves a question that would take for ever, and
// looks for it on the server.
func TestCancelEndsTheStatement(t *testing.T) {
	s := opened(t)
	running := func() string {
		answer, err := shared.server.Query("SELECT count() FROM system.processes WHERE query LIKE '%sleepless%' AND query NOT LIKE '%processes%'")
		if err != nil {
			t.Fatal(err)
		}
		return strings.TrimSpace(answer)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() {
		ended <- s.reading().rows(ctx, "SELECT toInt64(count()) AS sleepless FROM system.numbers", func(*rowDecoder) {})
	}()
	eventually(t, "the statement runs", func() (bool, string) { n := running(); return n == "1", n })
	cancel()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Errorf("a cancelled statement: %v, want %v", err, context.Canceled)
	}
	eventually(t, "the statement has ended", func() (bool, string) { n := running(); return n == "0", n })
}

// TestDeadlineIsTheServersToo: a server ends what nobody waits for any more, also
// when the message that says so is lost.
func TestDeadlineIsTheServersToo(t *testing.T) {
	s := opened(t)
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	req, err := s.c.request(ctx, s.c.hosts[0], "q", statement{sql: "SELECT 1"})
	if err != nil {
		t.Fatal(err)
	}
	if got := req.URL.Query().Get("max_execution_time"); got != "5" {
		t.Errorf("max_execution_time %q, want 5", got)
	}
}

// TestHostsStandIn asks with a host that refuses, one that is no ClickHouse, and
// the server.
func TestHostsStandIn(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	refusing := l.Addr().String()
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	opt := fresh(refusing)
	opt.Hosts = append(opt.Hosts, sharedServer(t).Address())
	s, err := Open(context.Background(), opt)
	if err != nil {
		t.Fatal(err)
	}
	if got := s.c.preferred.Load(); got != 1 {
		t.Errorf("host %d is preferred, want the one that answered", got)
	}
	if err := drop(s); err != nil {
		t.Error(err)
	}
	if _, err := Open(context.Background(), fresh(refusing)); err == nil || !strings.Contains(err.Error(), refusing) {
		t.Errorf("no server: %v, want an error that names the host", err)
	}
}

// losing is a network that loses answers: requests arrive, and the caller gets
// an error.
type losing struct {
	http.RoundTripper
	mu   sync.Mutex
	lose int // of the next INSERTs
}

func (l *losing) RoundTrip(req *http.Request) (*http.Response, error) {
	resp, err := l.RoundTripper.RoundTrip(req)
	l.mu.Lock()
	defer l.mu.Unlock()
	if err == nil && l.lose > 0 && strings.HasPrefix(req.URL.Query().Get("query"), "INSERT") {
		l.lose--
		return nil, errors.Join(errors.New("the network lost the answer"), resp.Body.Close())
	}
	return resp, err
}

// TestLostAnswersMakeNoDoubles sends inserts again whose answers were lost.
func TestLostAnswersMakeNoDoubles(t *testing.T) {
	s := opened(t)
	network := &losing{RoundTripper: s.c.http.Transport, lose: 3}
	s.c.http.Transport = network
	if done, err := s.Append(context.Background(), numbered(0, 100)); err != nil || done.Added != 100 {
		t.Fatalf("%+v, %v", done, err)
	}
	if network.lose != 0 {
		t.Errorf("%d answers were not lost", network.lose)
	}
	if n, _ := whatIs(t, s); n != 100 {
		t.Errorf("%d crashes, want 100", n)
	}
	s.c.http.Transport = network.RoundTripper
}

// TestFirstToComeIsKept inserts rows of the same crash as two archives do that
// know nothing of each other: the one that was received first stays, whatever
// their order on disk.
func TestFirstToComeIsKept(t *testing.T) {
	s := opened(t)
	for _, second := range []int64{2, 1, 3} {
		r := numbered(0, 1)[0]
		r.Finding.Signature = []string{"", "first", "second", "third"}[second]
		var row rowEncoder
		row.record(&r, second*1e6, crash.Fields())
		if err := s.insert(context.Background(), tableOf(tableCrashes), row.b); err != nil {
			t.Fatal(err)
		}
	}
	req := query.Request{Type: query.TypeRecords, Range: query.Range{From: clusterBegin, To: clusterBegin.Add(day)}}
	req.Normalize()
	got, err := s.Records(context.Background(), req)
	if err != nil || len(got.Records) != 1 || got.Records[0].Finding.Signature != "first" {
		t.Errorf("%+v, %v; want the first alone", got.Records, err)
	}
	if c, err := s.Verify(context.Background()); err != nil || c.Records != 1 || len(c.Faults) != 0 {
		t.Errorf("Verify: %+v, %v", c, err)
	}
}

// TestVerifyFindsDoubles: rows of one id at two times within the window.
func TestVerifyFindsDoubles(t *testing.T) {
	s := opened(t)
	if _, err := s.Append(context.Background(), numbered(0, 20)); err != nil {
		t.Fatal(err)
	}
	before, err := s.Verify(context.Background())
	if err != nil || before.Records != 20 || len(before.Faults) != 0 {
		t.Fatalf("Verify: %+v, %v", before, err)
	}
	for _, moved := range []time.Duration{time.Hour, store.DedupeWindow + 2*time.Hour} {
		r := numbered(0, 1)[0]
		r.Time = r.Time.Add(moved)
		var row rowEncoder
		row.record(&r, 1e6, crash.Fields())
		if err := s.insert(context.Background(), tableOf(tableCrashes), row.b); err != nil {
			t.Fatal(err)
		}
	}
	after, err := s.Verify(context.Background())
	if err != nil || len(after.Faults) != 1 || !strings.Contains(after.Faults[0], "1 crashes are there twice") || after.Sum == before.Sum {
		t.Errorf("Verify: %+v, %v; want one double", after, err)
	}
}

func TestNewerSchemaIsRefused(t *testing.T) {
	for name, sql := range map[string]string{
		"version": "INSERT INTO meta (version, ver) VALUES (99, 99)",
		"column":  "ALTER TABLE crashes ADD COLUMN from_the_future Int64",
	} {
		t.Run(name, func(t *testing.T) {
			s := opened(t)
			if err := s.exec(context.Background(), sql); err != nil {
				t.Fatal(err)
			}
			if _, err := Open(context.Background(), s.opt); !errors.Is(err, store.ErrNewerSchema) {
				t.Errorf("Open: %v, want %v", err, store.ErrNewerSchema)
			}
		})
	}
}

// TestColumnsAreAdded opens a store that an older build wrote, from several
// archives at once.
func TestColumnsAreAdded(t *testing.T) {
	s := opened(t)
	ctx := context.Background()
	if _, err := s.Append(ctx, numbered(0, 10)); err != nil {
		t.Fatal(err)
	}
	for _, sql := range []string{"ALTER TABLE crashes DROP COLUMN host_cpu_model_name", "ALTER TABLE crashes DROP COLUMN crash_pc", "DROP TABLE runs"} {
		if err := s.exec(ctx, sql); err != nil {
			t.Fatal(err)
		}
	}
	var wg sync.WaitGroup
	for range 3 {
		wg.Go(func() {
			if again, err := Open(ctx, s.opt); err != nil {
				t.Errorf("Open: %v", err)
			} else if err := again.Close(); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	r := numbered(1, 1)
	r[0].ID[0], r[0].Host.CPUModel, r[0].Fault.PC = 8, "Xeon", crash.Some[uint64](0)
	if _, err := s.Append(ctx, r); err != nil {
		t.Fatal(err)
	}
	req := query.Request{Type: query.TypeRecords, Range: query.Range{From: clusterBegin, To: clusterBegin.Add(day)}}
	req.Normalize()
	got, err := s.Records(ctx, req)
	if err != nil || len(got.Records) != 11 {
		t.Fatalf("%d records, %v", len(got.Records), err)
	}
	for _, g := range got.Records {
		if newer := g.ID == r[0].ID; (g.Host.CPUModel == "Xeon") != newer || g.Fault.PC.Known != newer {
			t.Errorf("record %s: CPU model %q, pc %+v", g.ID, g.Host.CPUModel, g.Fault.PC)
		}
	}
}

func TestDecodeOfCutAnswers(t *testing.T) {
	var e rowEncoder
	r := numbered(3, 1)[0]
	r.Finding.Reasons, r.Attributes, r.Fault.PC = []string{"a", "b"}, map[string]string{"x": "y"}, crash.Some[uint64](7)
	e.int64(r.Time.UnixMicro())
	e.id(r.ID)
	e.int64(1)
	e.int64(2)
	e.text(asJSON(r.Attributes))
	for _, f := range crash.Fields() {
		e.field(f, &r)
	}
	for n := range e.b {
		var got crash.Record
		d := &rowDecoder{b: e.b[:n]}
		err := d.record(&got, crash.Fields())
		if d.err == nil && err == nil {
			t.Fatalf("an answer of %d of %d bytes was taken for a record", n, len(e.b))
		}
	}
	if d := (&rowDecoder{b: []byte{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f}}); d.texts() != nil || d.err == nil {
		t.Error("a list longer than the answer was taken")
	}
}
