package clickhouse

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestParseURL(t *testing.T) {
	for url, want := range map[string]Options{
		"clickhouse://localhost/epicurve": {
			Hosts: []string{"localhost:8123"}, Database: "epicurve", User: "default", Path: "/clickhouse/tables", Pause: 100 * time.Millisecond, InsertTimeout: 30 * time.Second,
		},
		"clickhouse://ann%40x@a,b:9000,[::1]/e_1?secure=true&cluster=main.1&password-file=/p&ca-file=/c&quorum=2&path=/t/{uuid}&pause=1s&insert-timeout=1m&set.max_threads=2": {
			Hosts: []string{"a:8443", "b:9000", "[::1]:8443"}, Database: "e_1", User: "ann@x", Path: "/t/{uuid}", Pause: time.Second, InsertTimeout: time.Minute,
			Secure: true, Cluster: "main.1", PasswordFile: "/p", CAFile: "/c", Quorum: 2, Settings: map[string]string{"max_threads": "2"},
		},
	} {
		got, err := ParseURL(url)
		if d := cmp.Diff(want, got); err != nil || d != "" {
			t.Errorf("%s: %v\n%s", url, err, d)
		}
	}
}

// TestParseURLRefuses checks that an error says what to do, and that it never
// repeats a password.
func TestParseURLRefuses(t *testing.T) {
	for url, want := range map[string]string{
		"clickhouse:x":                     "clickhouse://USER@HOST",
		"clickhouse://":                    "no host",
		"clickhouse:///db":                 "no host",
		"clickhouse://a,/db":               "no host",
		"clickhouse://a":                   "database",
		"clickhouse://a/d-b":               "database",
		"clickhouse://a/db`;--":            "database",
		"clickhouse://ann:hunter2@a/db":    "password-file",
		"clickhouse://a/db?cluster=x'y":    "cluster",
		"clickhouse://a/db?path=nowhere":   "path",
		"clickhouse://a/db?quorum=-1":      "quorum",
		"clickhouse://a/db?secure=perhaps": "secure",
		"clickhouse://a/db?colour=red":     "not known",
		"clickhouse://a/db?set.Bad-Name=1": "not the name of a setting",
		"clickhouse:/ann:hunter2@a/db":     "clickhouse://USER@HOST",
		"clickhouse://a b/db":              "HOST:PORT",
	} {
		_, err := ParseURL(url)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", url, err, want)
		} else if strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: the error repeats the password: %v", url, err)
		}
	}
}
