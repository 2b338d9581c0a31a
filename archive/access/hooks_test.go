package access

import (
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestLoadHooks(t *testing.T) {
	dir := t.TempDir()
	write := func(name, content string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	secret := write("secret", "a secret of a webhook\n")
	sources := []string{"github", "argocd"}
	hooks, err := LoadHooks(write("good.yml", "hooks:\n  - source: github\n    secret-file: "+secret+"\n    tenant: blue\n"), sources)
	if err != nil || len(hooks) != 1 || hooks[0].Secret != "a secret of a webhook" || !hooks.Knows("github") || hooks.Knows("argocd") {
		t.Fatalf("%+v, %v", hooks, err)
	}
	for name, c := range map[string]struct{ content, want string }{
		"unknown source": {"hooks: [{source: jenkins, secret: 0123456789abcdef}]", "not one of"},
		"short secret":   {"hooks: [{source: github, secret: short}]", "at least 16"},
		"both":           {"hooks: [{source: github, secret: 0123456789abcdef, secret-file: x}]", "either"},
		"neither":        {"hooks: [{source: github}]", "either"},
		"no file":        {"hooks: [{source: github, secret-file: /does/not/exist}]", "secret-file"},
		"unknown key":    {"hooks: [{source: github, secrets: x}]", "secrets"},
		"none":           {"hooks: []", "names no webhook"},
	} {
		if _, err := LoadHooks(write("bad.yml", c.content), sources); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
	}
}

func TestHookOfATenant(t *testing.T) {
	hooks := Hooks{{Source: "argocd", Secret: "one secret of argo cd", Tenant: "blue"}, {Source: "argocd", Secret: "another secret of argo", Tenant: "red"}}
	for secret, want := range map[string]string{"one secret of argo cd": "blue", "another secret of argo": "red"} {
		who, err := hooks.Verify("argocd", http.Header{"Authorization": {"Bearer " + secret}}, nil)
		if err != nil || who.Tenant != want || !who.May(RoleWrite) || who.May(RoleRead) {
			t.Errorf("%+v, %v; want the tenant %s, to write only", who, err, want)
		}
	}
	if _, err := hooks.Verify("github", http.Header{"Authorization": {"Bearer one secret of argo cd"}}, nil); !errors.Is(err, ErrSignature) {
		t.Errorf("the secret of another source: %v", err)
	}
}
