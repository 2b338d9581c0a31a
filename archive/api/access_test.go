package api

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/epicurve/epicurve/archive/access"
)

// keys returns tokens by role, and the keys that know them.
func keys(t *testing.T) (map[access.Role]string, *access.Keys) {
	t.Helper()
	tokens := make(map[access.Role]string)
	content := "tokens:\n"
	for _, role := range access.Roles() {
		token, sum := access.NewToken()
		tokens[role] = token
		content += fmt.Sprintf("  - {name: %s, sha256: %s, roles: [%s]}\n", role, sum, role)
	}
	path := filepath.Join(t.TempDir(), "tokens.yml")
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	k, err := access.Load(path)
	if err != nil {
		t.Fatal(err)
	}
	return tokens, k
}

// TestRolesOfEveryRoute asks every route with every role: 403 exactly where the
// role is not the route's, and 401 without a token.
func TestRolesOfEveryRoute(t *testing.T) {
	tokens, k := keys(t)
	url := serve(t, Config{Access: k})
	ask := func(r route, token string) int {
		req, err := http.NewRequest(r.method, url+strings.ReplaceAll(r.path, "{name}", "host.name"), strings.NewReader("{}"))
		if err != nil {
			t.Fatal(err)
		}
		if token != "" {
			req.Header.Set("Authorization", "Bearer "+token)
		}
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode == http.StatusUnauthorized && resp.Header.Get("WWW-Authenticate") == "" {
			t.Errorf("%s %s: 401 without WWW-Authenticate", r.method, r.path)
		}
		return resp.StatusCode
	}
	for _, r := range New(Config{Store: storeStub{}}).routes() {
		if got := ask(r, ""); (got == http.StatusUnauthorized) != (r.role != "") {
			t.Errorf("%s %s without a token: %d", r.method, r.path, got)
		}
		for role, token := range tokens {
			want := r.role == "" || role == r.role || role == access.RoleAdmin
			if got := ask(r, token); (got != http.StatusForbidden && got != http.StatusUnauthorized) != want {
				t.Errorf("%s %s with role %s: %d, allowed %v", r.method, r.path, role, got, want)
			}
		}
		open := strings.HasPrefix(r.path, "/-/") || r.path == "/metrics" || r.path == "/openapi.json"
		if signed := r.id == "deployHook"; (open || signed) != (r.role == "") {
			t.Errorf("%s %s has role %q", r.method, r.path, r.role)
		}
	}
}
