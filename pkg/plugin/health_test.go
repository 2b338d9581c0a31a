package plugin

import (
	"encoding/json"
	"encoding/pem"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/backend"

	"github.com/epicurve/epicurve/pkg/query"
)

// TestHealthSaysWhatIsWrong points the data source at everything that an
// archive's URL can turn out to be.
func TestHealthSaysWhatIsWrong(t *testing.T) {
	status := func(edit func(*query.Status)) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			st := query.Status{Version: "0.1.0", Storage: "duckdb", Records: 7, Now: time.Now()}
			if edit != nil {
				edit(&st)
			}
			_ = json.NewEncoder(w).Encode(st)
		}
	}
	refuse := func(code int) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(code) }
	}
	plain := func(h http.HandlerFunc) string {
		s := httptest.NewServer(h)
		t.Cleanup(s.Close)
		return s.URL
	}
	tls := httptest.NewTLSServer(status(nil))
	t.Cleanup(tls.Close)
	ca := string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: tls.Certificate().Raw}))
	withCA := func(s *backend.DataSourceInstanceSettings) {
		s.JSONData = []byte(`{"tlsAuthWithCACert":true}`)
		s.DecryptedSecureJSONData = map[string]string{"tlsCACert": ca}
	}
	for name, tt := range map[string]struct {
		url  string
		edit func(*backend.DataSourceInstanceSettings)
		ok   bool
		says string
	}{
		"healthy":      {url: plain(status(nil)), ok: true, says: "holds 7 crashes (duckdb)"},
		"empty":        {url: plain(status(func(s *query.Status) { s.Records = 0 })), ok: true, says: "no crashes yet"},
		"clock":        {url: plain(status(func(s *query.Status) { s.Now = s.Now.Add(-time.Hour) })), ok: true, says: "differ by 1h0m0s"},
		"no URL":       {url: " ", says: "URL of the crash archive is missing"},
		"no scheme":    {url: "localhost:9932", says: "want http:// or https://"},
		"DNS":          {url: "http://archive.invalid:9932", says: `DNS: the name "archive.invalid"`},
		"refused":      {url: "http://" + freeAddress(t), says: "Nothing listens"},
		"timeout":      {url: plain(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }), edit: timeoutOfASecond, says: "does not answer in time"},
		"unknown CA":   {url: tls.URL, says: "TLS: the archive's certificate is signed by an authority"},
		"known CA":     {url: tls.URL, edit: withCA, ok: true, says: "holds 7 crashes"},
		"wrong name":   {url: strings.Replace(tls.URL, "127.0.0.1", "localhost", 1), edit: withCA, says: "TLS: the archive's certificate is not for this name"},
		"no TLS there": {url: strings.Replace(plain(status(nil)), "http:", "https:", 1), says: "answers without TLS"},
		"TLS there":    {url: strings.Replace(tls.URL, "https:", "http:", 1), says: "400"},
		"401":          {url: plain(refuse(401)), says: "refuses the credentials (401)"},
		"403":          {url: plain(refuse(403)), says: "may not read (403)"},
		"404":          {url: plain(refuse(404)), says: "no crash archive at this path (404)"},
		"503":          {url: plain(refuse(503)), says: "See the archive's log"},
		"HTML":         {url: plain(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "<html>") }), says: "it is not a crash archive"},
		"other JSON":   {url: plain(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "{}") }), says: "not as a crash archive of this version"},
		"bad CA": {url: tls.URL, edit: func(s *backend.DataSourceInstanceSettings) {
			withCA(s)
			s.DecryptedSecureJSONData["tlsCACert"] = "nonsense"
		}, says: "data source settings"},
	} {
		t.Run(name, func(t *testing.T) {
			ds := instance(t, tt.url, tt.edit)
			got, err := ds.CheckHealth(t.Context(), &backend.CheckHealthRequest{})
			if err != nil {
				t.Fatal(err)
			}
			if ok := got.Status == backend.HealthStatusOk; ok != tt.ok || !strings.Contains(got.Message, tt.says) {
				t.Errorf("health = %v %q, want ok=%v and %q", got.Status, got.Message, tt.ok, tt.says)
			}
		})
	}
}

func timeoutOfASecond(s *backend.DataSourceInstanceSettings) { s.JSONData = []byte(`{"timeout":1}`) }

// TestCredentialsAreSent checks what reaches the archive.
func TestCredentialsAreSent(t *testing.T) {
	var got string
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		got = r.Header.Get("Authorization")
		fmt.Fprint(w, `{"version":"1","storage":"duckdb","now":"2026-03-02T00:00:00Z"}`)
	}))
	t.Cleanup(s.Close)
	for name, tt := range map[string]struct {
		edit func(*backend.DataSourceInstanceSettings)
		want string
	}{
		"none": {nil, ""},
		"token": {func(s *backend.DataSourceInstanceSettings) {
			s.DecryptedSecureJSONData = map[string]string{"bearerToken": " secret\n"}
		}, "Bearer secret"},
		"basic": {func(s *backend.DataSourceInstanceSettings) {
			s.BasicAuthEnabled, s.BasicAuthUser = true, "u"
			s.DecryptedSecureJSONData = map[string]string{"basicAuthPassword": "p"}
		}, "Basic dTpw"},
	} {
		t.Run(name, func(t *testing.T) {
			got = "nothing asked"
			if _, err := instance(t, s.URL, tt.edit).CheckHealth(t.Context(), &backend.CheckHealthRequest{}); err != nil || got != tt.want {
				t.Errorf("Authorization = %q, %v, want %q", got, err, tt.want)
			}
		})
	}
}

// TestErrorsHaveASource checks that a failing archive is never taken for a
// failing plugin: Grafana's own alerts on plugins depend on it.
func TestErrorsHaveASource(t *testing.T) {
	serve := func(code int, body string) string {
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			if code >= 400 {
				w.Header().Set("Content-Type", "application/problem+json")
			}
			w.WriteHeader(code)
			fmt.Fprint(w, body)
		}))
		t.Cleanup(s.Close)
		return s.URL
	}
	for name, tt := range map[string]struct {
		url    string
		status backend.Status
		says   string
	}{
		"settings":      {"", 400, "URL of the crash archive is missing"},
		"unreachable":   {"http://" + freeAddress(t), 502, "connection refused"},
		"refusal":       {serve(422, `{"title":"Unprocessable","errors":[{"field":"limit","message":"is too large"}]}`), 422, "limit: is too large"},
		"failure":       {serve(500, `{"title":"Internal Server Error","detail":"disk is full"}`), 500, "disk is full"},
		"no archive":    {serve(200, `<html>`), 502, "not a crash archive"},
		"short series":  {serve(200, `{"times":["2026-03-02T00:00:00Z"],"series":[{"values":[]}]}`), 502, "0 values for 1 times"},
		"unsorted time": {serve(200, `{"times":["2026-03-03T00:00:00Z","2026-03-02T00:00:00Z"],"series":[{"values":[1,2]}]}`), 502, "ascending"},
	} {
		t.Run(name, func(t *testing.T) {
			resp := ask(t, instance(t, tt.url, nil), `{}`)
			if resp.Error == nil || resp.Status != tt.status || !strings.Contains(resp.Error.Error(), tt.says) {
				t.Errorf("answer = %d %v, want %d and %q", resp.Status, resp.Error, tt.status, tt.says)
			}
			if resp.ErrorSource != backend.ErrorSourceDownstream {
				t.Errorf("error source = %q, want downstream", resp.ErrorSource)
			}
		})
	}
}
