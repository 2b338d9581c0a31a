package access

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func file(t *testing.T, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "tokens.yml")
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestIdentify(t *testing.T) {
	reader, readerSum := NewToken()
	admin, adminSum := NewToken()
	keys, err := Load(file(t, fmt.Sprintf("tokens:\n  - {name: r, sha256: %s, roles: [read]}\n  - {name: a, sha256: %s, roles: [admin]}\n", readerSum, adminSum)))
	if err != nil {
		t.Fatal(err)
	}
	who, err := keys.Identify("bearer " + reader)
	if err != nil || who.Name != "r" || !who.May(RoleRead) || who.May(RoleWrite) || who.May(RoleIngest) {
		t.Errorf("reader: %+v, %v", who, err)
	}
	if who, err = keys.Identify("Bearer " + admin); err != nil || !who.May(RoleIngest) || !who.May(RoleWrite) {
		t.Errorf("admin: %+v, %v", who, err)
	}
	for _, header := range []string{"", "Bearer", "Bearer ", "Basic " + reader, "Bearer " + reader[1:], "Bearer " + readerSum} {
		if _, err := keys.Identify(header); !errors.Is(err, ErrUnknown) {
			t.Errorf("%q: %v, want %v", header, err, ErrUnknown)
		}
	}
}

func TestTenantOfToken(t *testing.T) {
	blue, blueSum := NewToken()
	plain, plainSum := NewToken()
	keys, err := Load(file(t, fmt.Sprintf("tokens:\n  - {name: b, sha256: %s, roles: [read], tenant: blue_2, rate: 2.5}\n  - {name: p, sha256: %s, roles: [read]}\n", blueSum, plainSum)))
	if err != nil {
		t.Fatal(err)
	}
	if who, err := keys.Identify("Bearer " + blue); err != nil || who.Tenant != "blue_2" || who.Rate != 2.5 {
		t.Errorf("%+v, %v; want tenant blue_2", who, err)
	}
	if who, err := keys.Identify("Bearer " + plain); err != nil || who.Tenant != "" {
		t.Errorf("%+v, %v; want the default tenant", who, err)
	}
	if got := keys.Tenants(); len(got) != 1 || got[0] != "blue_2" {
		t.Errorf("tenants %q", got)
	}
}

func TestLoadRefuses(t *testing.T) {
	_, sum := NewToken()
	for content, want := range map[string]string{
		"":           "no token",
		"tokens: []": "no token",
		"tokens:\n  - {name: a, sha256: " + sum + ", roles: [read], rolls: [x]}":                                        "rolls",
		"tokens:\n  - {sha256: " + sum + ", roles: [read]}":                                                             "name is missing",
		"tokens:\n  - {name: a, sha256: abc, roles: [read]}":                                                            "64 hex digits",
		"tokens:\n  - {name: a, sha256: " + sum + "}":                                                                   "roles of \"a\" are missing",
		"tokens:\n  - {name: a, sha256: " + sum + ", roles: [root]}":                                                    "\"root\"",
		"tokens:\n  - {name: a, sha256: " + sum + ", roles: [read]}\n  - {name: a, sha256: " + sum + ", roles: [read]}": "given twice",
		"tokens:\n  - {name: a, sha256: " + sum + ", roles: [read], tenant: ../b}":                                      `tenant "../b"`,
		"tokens:\n  - {name: a, sha256: " + sum + ", roles: [read], tenant: Blue}":                                      `tenant "Blue"`,
		"tokens:\n  - {name: a, sha256: " + sum + ", roles: [read], tenant: 1}":                                         `tenant "1"`,
		"tokens:\n  - {name: a, sha256: " + sum + ", roles: [read], rate: -1}":                                          "is negative",
	} {
		if _, err := Load(file(t, content)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want an error with %q", content, err, want)
		}
	}
}
