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
	} {
		if _, err := Load(file(t, content)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want an error with %q", content, err, want)
		}
	}
}
