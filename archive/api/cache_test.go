package api

import (
	"bytes"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/epicurve/epicurve/pkg/query"
)

func TestAnswersAreKeptUntilTheDataChanges(t *testing.T) {
	url := serve(t, Config{})
	post(t, url+"/v1/logs", typeProtobuf, "", marshal(t, crashes(5)))
	req := hour()
	req.Type = query.TypeTimeseries
	body, err := json.Marshal(req)
	if err != nil {
		t.Fatal(err)
	}
	ask := func() (cached bool, reply []byte) {
		t.Helper()
		status, head, reply := post(t, url+"/api/v1/query", typeJSON, "", body)
		if status != http.StatusOK {
			t.Fatalf("%d %s", status, reply)
		}
		return head.Get("Age") != "", reply
	}
	cached, first := ask()
	if cached {
		t.Error("the first answer is said to be kept")
	}
	if cached, again := ask(); !cached || !bytes.Equal(first, again) {
		t.Errorf("kept %v; want the same answer, kept", cached)
	}
	post(t, url+"/v1/logs", typeProtobuf, "", marshal(t, crashes(6)))
	if cached, now := ask(); cached || bytes.Equal(first, now) {
		t.Errorf("kept %v after a sixth crash came; want a new answer", cached)
	}
}

func TestCacheIsBounded(t *testing.T) {
	c := newCache(time.Minute)
	now := time.Unix(0, 0)
	body := make([]byte, cacheAnswer)
	for i := range 2 * cacheBytes / cacheAnswer {
		c.keep(&kept{key: string(rune('a' + i)), version: 1, at: now, body: body})
	}
	if c.bytes > cacheBytes || len(c.by) != c.order.Len() || len(c.by) == 0 {
		t.Errorf("%d bytes in %d answers, at most %d are allowed", c.bytes, len(c.by), cacheBytes)
	}
	if body, _ := c.find("a", 1, now); body != nil {
		t.Error("the oldest answer is still there")
	}
	last := string(rune('a' + 2*cacheBytes/cacheAnswer - 1))
	if body, age := c.find(last, 1, now.Add(time.Second)); body == nil || age != time.Second {
		t.Errorf("the newest answer is gone, or %s old", age)
	}
	if body, _ := c.find(last, 1, now.Add(time.Hour)); body != nil {
		t.Error("an answer is kept for an hour")
	}
	c.keep(&kept{key: "large", version: 1, at: now, body: make([]byte, cacheAnswer+1)})
	if body, _ := c.find("large", 1, now); body != nil {
		t.Error("an answer that is too large is kept")
	}
}

// TestStreamedAnswersAreTheSame compares with encoding/json's text.
func TestStreamedAnswersAreTheSame(t *testing.T) {
	one := 1.5
	tricky := query.Meta{Notices: []string{`"records":[] and "series":[]`}}
	for name, v := range map[string]any{
		"no records":   query.Records{},
		"records":      query.Records{Meta: tricky, Records: crashes(3)},
		"no series":    query.Timeseries{Series: []query.Series{}},
		"series":       query.Timeseries{Meta: tricky, Times: []time.Time{noon}, Series: []query.Series{{Labels: map[string]string{"a": "b"}, Values: []*float64{&one}}, {Other: true, Values: []*float64{nil}}}},
		"other answer": query.Clusters{Meta: tricky, Total: 3},
	} {
		want, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		w := httptest.NewRecorder()
		kept, err := writeAnswer(w, v)
		if d := cmp.Diff(string(want)+"\n", w.Body.String()); err != nil || d != "" || !bytes.Equal(kept, w.Body.Bytes()) {
			t.Errorf("%s: %v, %d bytes kept (-json +streamed):\n%s", name, err, len(kept), d)
		}
	}
}

func TestDeletionNeedsTheNumber(t *testing.T) {
	url := serve(t, Config{})
	post(t, url+"/v1/logs", typeProtobuf, "", marshal(t, crashes(30)))
	const selected = `"select":{"range":{"from":"2026-05-01T00:00:00Z","to":"2026-05-02T00:00:00Z"},"filters":[{"dimension":"host.name","op":"=","values":["host-1"]}]}`
	for _, tc := range []struct {
		name, body string
		status     int
		want       string
		left       int64
	}{
		{"dry run", "{" + selected + "}", 200, `{"records":10,"dryRun":true}`, 30},
		{"wrong number", "{" + selected + `,"expect":9}`, 409, "nothing was deleted", 30},
		{"misspelt", "{" + selected + `,"expected":10}`, 400, "expected", 30},
		{"no range", `{"select":{}}`, 400, `"field":"range"`, 30},
		{"right number", "{" + selected + `,"expect":10}`, 200, `{"records":10,"dryRun":false}`, 20},
		{"again", "{" + selected + `,"expect":10}`, 409, "0 crashes", 20},
	} {
		status, _, reply := post(t, url+"/api/v1/admin/delete", typeJSON, "", []byte(tc.body))
		if status != tc.status || !strings.Contains(string(reply), tc.want) {
			t.Errorf("%s: %d %s; want %d with %s", tc.name, status, reply, tc.status, tc.want)
		}
		if st, err := client(t, url).Status(t.Context()); err != nil || st.Records != tc.left {
			t.Errorf("%s: %d records are left, %v; want %d", tc.name, st.Records, err, tc.left)
		}
	}
}

func TestTooManyRequestsOfAToken(t *testing.T) {
	tokens, k := keys(t)
	url := serve(t, Config{Access: k, Rate: 0.01}) // one request in 100 s, so that a slow machine does not matter
	ask := func(token string) (status int, retry string) {
		req, err := http.NewRequest(http.MethodGet, url+"/api/v1/status", nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Authorization", "Bearer "+token)
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		io.Copy(io.Discard, resp.Body) //nolint:errcheck // only the status counts
		resp.Body.Close()
		return resp.StatusCode, resp.Header.Get("Retry-After")
	}
	refused := 0
	for range 3 {
		if status, retry := ask(tokens["read"]); status == http.StatusTooManyRequests {
			refused++
			if seconds, err := strconv.Atoi(retry); err != nil || seconds < 1 || seconds > 100 {
				t.Errorf("Retry-After %q, want at most 100 seconds", retry)
			}
		}
	}
	if refused != 2 {
		t.Errorf("%d of 3 requests at once were refused; want all but the first", refused)
	}
	if status, _ := ask(tokens["admin"]); status != http.StatusOK {
		t.Errorf("another token: %d", status)
	}
}

// TestQuestionsHaveLimits: one that takes too long is stopped and says so, and a
// slow one is logged.
func TestQuestionsHaveLimits(t *testing.T) {
	body := []byte(`{"type":"clusters","range":{"from":"2026-01-01T00:00:00Z","to":"2026-06-01T00:00:00Z"}}`)
	url := serve(t, Config{QueryTimeout: time.Nanosecond})
	if status, _, reply := post(t, url+"/api/v1/query", typeJSON, "", body); status != http.StatusGatewayTimeout || !strings.Contains(string(reply), "narrow its range") {
		t.Errorf("%d %s; want 504 that says what to do", status, reply)
	}
	var log bytes.Buffer
	url = serve(t, Config{SlowQuery: time.Nanosecond, Logger: slog.New(slog.NewTextHandler(&log, nil))})
	if status, _, reply := post(t, url+"/api/v1/query", typeJSON, "", body); status != http.StatusOK {
		t.Errorf("%d %s", status, reply)
	}
	if !strings.Contains(log.String(), "Slow query") || !strings.Contains(log.String(), "type=clusters") {
		t.Errorf("log %s; want the slow query", log.String())
	}
}
