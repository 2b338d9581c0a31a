package api

import (
	"io"
	"net/http"
	"strings"
	"testing"
	"time"
)

// TestPage looks at the page of the population and of one cluster: everything on
// it comes from the page itself.
func TestPage(t *testing.T) {
	url := serve(t, Config{})
	recent := crashes(5)
	for i := range recent {
		recent[i].Time = time.Now().Add(-time.Hour).UTC().Truncate(time.Microsecond)
	}
	post(t, url+"/v1/logs", typeProtobuf, "", marshal(t, recent))
	get := func(path string) (int, http.Header, string) {
		resp, err := http.Get(url + path)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		b, err := io.ReadAll(resp.Body)
		if err != nil {
			t.Fatal(err)
		}
		return resp.StatusCode, resp.Header, string(b)
	}
	for path, want := range map[string]string{"/": "5 crashes in 1 cluster", "/?cluster=other/abort+in+leafd&since=30d": "no verdict: ", "/?since=1m": "No crashes in this range"} {
		status, head, page := get(path)
		if status != http.StatusOK || !strings.Contains(page, want) || !strings.HasPrefix(head.Get("Content-Type"), "text/html") {
			t.Errorf("%s: %d without %q:\n%s", path, status, want, page)
		}
		if csp := head.Get("Content-Security-Policy"); !strings.Contains(csp, "default-src 'none'") || strings.Contains(csp, "script") || strings.Contains(page, "<script") {
			t.Errorf("%s: policy %q", path, csp)
		}
	}
	for path, want := range map[string]string{"/?since=yesterday": `"field":"since"`, "/?groupBy=host": `"groupBy[0]"`, "/?cluster=x": `"field":"cluster"`, "/nope": "there is nothing at"} {
		if status, _, page := get(path); status < 400 || status >= 500 || !strings.Contains(page, want) {
			t.Errorf("%s: %d %s; want a refusal with %s", path, status, page, want)
		}
	}
}
