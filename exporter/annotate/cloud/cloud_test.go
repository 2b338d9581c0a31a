package cloud

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// server starts a real server on loopback.
func server(t *testing.T, h http.HandlerFunc) string {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return s.URL
}

const identity = `{"accountId":"1","architecture":"x86_64","availabilityZone":"eu-west-1b","imageId":"ami-1",
	"instanceId":"i-0123456789abcdef0","instanceType":"m7i.2xlarge","privateIp":"10.0.0.1","region":"eu-west-1","version":"2017-09-30"}`

// ec2 behaves as the instance metadata service with tokens required.
func ec2(w http.ResponseWriter, r *http.Request) {
	if r.Header.Get("X-Forwarded-For") != "" {
		w.WriteHeader(http.StatusForbidden)
		return
	}
	if r.URL.Path == awsToken {
		if r.Method != http.MethodPut || r.Header.Get("X-aws-ec2-metadata-token-ttl-seconds") == "" {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		fmt.Fprint(w, "AQAEAtoken==")
		return
	}
	if r.Header.Get("X-aws-ec2-metadata-token") != "AQAEAtoken==" {
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	switch r.URL.Path {
	case awsIdentity:
		fmt.Fprint(w, identity)
	default:
		http.NotFound(w, r)
	}
}

var ec2Place = Place{Provider: "aws", Region: "eu-west-1", Zone: "eu-west-1b", InstanceType: "m7i.2xlarge", InstanceID: "i-0123456789abcdef0"}

// googles behaves as Compute Engine's server; further values override.
func googles(further map[string]string) http.HandlerFunc {
	values := map[string]string{
		"machine-type": "projects/123/machineTypes/n2-standard-8", "zone": "projects/123/zones/europe-west1-b", "id": "4711",
	}
	maps.Copy(values, further)
	return func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Metadata-Flavor") != "Google" || r.Header.Get("X-Forwarded-For") != "" || r.Method != http.MethodGet {
			w.WriteHeader(http.StatusForbidden)
			return
		}
		w.Header().Set("Metadata-Flavor", "Google")
		v, ok := values[strings.TrimPrefix(r.URL.Path, gceInstance)]
		if !ok {
			http.NotFound(w, r)
			return
		}
		fmt.Fprintln(w, v)
	}
}

var gcePlace = Place{Provider: "gcp", Region: "europe-west1", Zone: "europe-west1-b", InstanceType: "n2-standard-8", InstanceID: "4711"}

// azures behaves as Azure's server.
func azures(w http.ResponseWriter, r *http.Request) {
	if r.Header.Get("Metadata") != "true" || r.URL.Query().Get("api-version") == "" || r.Header.Get("X-Forwarded-For") != "" {
		http.Error(w, `{"error":"Bad request. Required metadata header not specified"}`, http.StatusBadRequest)
		return
	}
	if r.URL.Path != "/metadata/instance/compute" {
		http.NotFound(w, r)
		return
	}
	fmt.Fprint(w, `{"azEnvironment":"AzurePublicCloud","location":"westeurope","name":"vm","vmId":"02aab8a4-74ef-476e-8182-f6d2ba4166a6",
		"vmSize":"Standard_D2s_v5","zone":"2","customData":"","publicKeys":[]}`)
}

var azurePlace = Place{Provider: "azure", Region: "westeurope", Zone: "westeurope-2", InstanceType: "Standard_D2s_v5", InstanceID: "02aab8a4-74ef-476e-8182-f6d2ba4166a6"}

func with(p Place, host string) Place { p.PhysicalHost = host; return p }

func TestLookups(t *testing.T) {
	elsewhere := server(t, func(http.ResponseWriter, *http.Request) { t.Error("a redirect was followed") })
	redirect := func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, elsewhere, http.StatusFound) }
	text := func(s string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Metadata-Flavor", "Google")
			fmt.Fprint(w, s)
		}
	}
	huge := func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Metadata-Flavor", "Google")
		for range 1 << 12 {
			if _, err := io.WriteString(w, strings.Repeat("a", 1<<12)); err != nil {
				return // the client has read enough
			}
		}
	}
	slow := func(_ http.ResponseWriter, r *http.Request) {
		select {
		case <-r.Context().Done():
		case <-time.After(20 * time.Second):
		}
	}
	tokenThen := func(h http.HandlerFunc) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == awsToken {
				ec2(w, r)
				return
			}
			h(w, r)
		}
	}
	pods := func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "/machine-type") {
			http.NotFound(w, r)
			return
		}
		googles(nil)(w, r)
	}
	inPod := gcePlace
	inPod.InstanceType = ""
	for _, tc := range []struct {
		name, provider string
		handler        http.HandlerFunc
		want           Place
		err            error
		says           string
	}{
		{"EC2", AWS, ec2, ec2Place, nil, ""},
		{"EC2 on a dedicated host", AWS, tokenThen(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == awsHostID {
				fmt.Fprint(w, "h-0da999999f9999fb9")
				return
			}
			ec2(w, r)
		}), with(ec2Place, "h-0da999999f9999fb9"), nil, ""},
		{"Compute Engine", GCE, googles(nil), gcePlace, nil, ""},
		{"Compute Engine with its host", GCE, googles(map[string]string{"attributes/physical_host": "/a1/b2/c3"}), with(gcePlace, "/a1/b2/c3"), nil, ""},
		{"Compute Engine with its topology", GCE, googles(map[string]string{
			"attributes/physical_host_topology": `{"cluster":"c1","block":"b2","subBlock":"s3","host":"h4"}`,
		}), with(gcePlace, "c1/b2/s3/h4"), nil, ""},
		{"GKE for pods", GCE, pods, inPod, nil, ""},
		{"Azure", Azure, azures, azurePlace, nil, ""},

		{"IMDSv1 only", AWS, func(w http.ResponseWriter, r *http.Request) {
			if r.Method != http.MethodGet {
				w.WriteHeader(http.StatusMethodNotAllowed)
				return
			}
			t.Error("asked without a token")
			fmt.Fprint(w, identity)
		}, Place{}, ErrRefused, "IMDSv1 only"},
		{"metadata switched off", AWS, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusForbidden) }, Place{}, ErrRefused, "403"},
		{"behind a hop limit of 1", AWS, slow, Place{}, errSilent, "HttpPutResponseHopLimit"},
		{"a token that is none", AWS, text("a b\nc"), Place{}, ErrGarbage, "no token"},
		{"EC2 garbage", AWS, tokenThen(text("<html>")), Place{}, ErrGarbage, "document"},
		{"EC2 with an odd region", AWS, tokenThen(text(`{"region":"eu\n1","instanceType":"x"}`)), Place{}, ErrGarbage, "region"},
		{"EC2 slow after the token", AWS, tokenThen(slow), Place{}, errSilent, ""},
		{"EC2 redirects", AWS, redirect, Place{}, ErrRefused, "not followed"},
		{"EC2 redirects after the token", AWS, tokenThen(redirect), Place{}, ErrRefused, "not followed"},
		{"EC2 huge", AWS, tokenThen(huge), Place{}, ErrGarbage, "longer than"},
		{"GCE without its header", GCE, func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "x") }, Place{}, ErrGarbage, "Metadata-Flavor"},
		{"GCE garbage", GCE, text("<html> </html>"), Place{}, ErrGarbage, "region"},
		{"GCE huge", GCE, huge, Place{}, ErrGarbage, "longer than"},
		{"GCE redirects", GCE, redirect, Place{}, ErrRefused, "not followed"},
		{"Azure garbage", Azure, text("]"), Place{}, ErrGarbage, "compute"},
		{"Azure empty", Azure, text("{}"), Place{}, ErrGarbage, "region"},
		{"Azure redirects", Azure, redirect, Place{}, ErrRefused, "not followed"},
		{"Azure slow", Azure, slow, Place{}, errSilent, ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			f, err := New(Config{Provider: tc.provider, Endpoint: server(t, tc.handler), Timeout: 300 * time.Millisecond, Sys: t.TempDir()})
			if err != nil {
				t.Fatal(err)
			}
			err = f.Look(t.Context())
			if !errors.Is(err, tc.err) || (err != nil && !strings.Contains(err.Error(), tc.says)) {
				t.Errorf("error %v, want %v with %q", err, tc.err, tc.says)
			}
			if diff := cmp.Diff(tc.want, f.Place()); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// Proxies of the environment are not used. The environment of this process is
// read once by net/http, so the transport is asked.
func TestNoProxy(t *testing.T) {
	c := newClient("http://127.0.0.1:1", time.Second)
	if c.http.Transport.(*http.Transport).Proxy != nil {
		t.Error("the metadata server is asked through a proxy")
	}
	if _, err := c.get(t.Context(), "/", nil); !errors.Is(err, ErrAbsent) {
		t.Errorf("nobody listens: %v, want ErrAbsent", err)
	}
}

func TestEndpoints(t *testing.T) {
	for _, good := range []string{"", "http://169.254.169.254", "http://169.254.169.254:80/", "http://[fd00:ec2::254]", "http://127.0.0.1:9"} {
		if err := CheckEndpoint(good); err != nil {
			t.Errorf("%s: %v", good, err)
		}
	}
	for _, bad := range []string{
		"https://169.254.169.254", "http://metadata.google.internal", "http://8.8.8.8", "http://user:secret@127.0.0.1", "http://127.0.0.1/x",
		"http://127.0.0.1?x", "169.254.169.254", "http://", "ftp://127.0.0.1",
	} {
		if _, err := New(Config{Endpoint: bad}); err == nil || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: %v", bad, err)
		}
	}
	if _, err := New(Config{Provider: "aliyun"}); err == nil || !strings.Contains(err.Error(), "want auto, aws, gce, azure, off") {
		t.Errorf("%v", err)
	}
}

// freePort returns the address of a port on which nobody listens.
func freePort(t *testing.T) string {
	t.Helper()
	l, err := (&net.ListenConfig{}).Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return "http://" + l.Addr().String()
}
