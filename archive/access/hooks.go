package access

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"os"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"
)

// Hook is the secret of one sender of webhooks.
//
//	hooks:
//	  - source: github            # github, argocd or flux
//	    secret: …                 # or secret-file: the path of a file
//	    tenant: blue              # whose ledger it writes; the default one when absent
type Hook struct {
	Source     string `yaml:"source"`
	Secret     string `yaml:"secret"`
	SecretFile string `yaml:"secret-file"`
	Tenant     string `yaml:"tenant"`
}

// Hooks are the senders that are known. None of a source closes it to senders
// without a token.
type Hooks []Hook

// ErrSignature is returned for a payload that no known secret has signed.
var ErrSignature = errors.New("the payload is not signed with the secret of a known webhook")

// minSecret is the least length of a webhook's secret, in bytes.
const minSecret = 16

// LoadHooks reads a file of webhooks, strictly; errors name the line.
func LoadHooks(path string, sources []string) (Hooks, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("webhooks: %w", err)
	}
	var file struct {
		Hooks Hooks `yaml:"hooks"`
	}
	if err := yaml.UnmarshalWithOptions(b, &file, yaml.Strict()); err != nil {
		return nil, fmt.Errorf("webhooks: %s: %w", path, err)
	}
	for i := range file.Hooks {
		if err := file.Hooks[i].complete(sources); err != nil {
			return nil, fmt.Errorf("webhooks: %s: hooks[%d]: %w", path, i, err)
		}
	}
	if len(file.Hooks) == 0 {
		return nil, fmt.Errorf("webhooks: %s: names no webhook", path)
	}
	return file.Hooks, nil
}

func (h *Hook) complete(sources []string) error {
	if !slices.Contains(sources, h.Source) {
		return fmt.Errorf("source %.40q is not one of %v", h.Source, sources)
	}
	if (h.Secret == "") == (h.SecretFile == "") {
		return errors.New("give either secret or secret-file")
	}
	if h.SecretFile != "" {
		b, err := os.ReadFile(h.SecretFile)
		if err != nil {
			return fmt.Errorf("secret-file: %w", err)
		}
		h.Secret = strings.TrimSpace(string(b))
	}
	if len(h.Secret) < minSecret {
		return fmt.Errorf("the secret has %d bytes, at least %d are needed", len(h.Secret), minSecret)
	}
	return nil
}

// Verify returns who signed a payload. GitHub signs with HMAC-SHA256 in
// X-Hub-Signature-256, Flux's generic-hmac in X-Signature; Argo CD signs nothing
// and sends the secret itself as a bearer token.
func (hs Hooks) Verify(source string, header http.Header, body []byte) (Identity, error) {
	for _, h := range hs {
		if h.Source == source && h.signed(header, body) {
			return Identity{Name: "webhook " + source, Tenant: h.Tenant, roles: []Role{RoleWrite}}, nil
		}
	}
	return Identity{}, ErrSignature
}

// Knows reports whether a source has a secret.
func (hs Hooks) Knows(source string) bool {
	return slices.ContainsFunc(hs, func(h Hook) bool { return h.Source == source })
}

func (h Hook) signed(header http.Header, body []byte) bool {
	switch h.Source {
	case "github":
		return h.hmac(header.Get("X-Hub-Signature-256"), body)
	case "flux":
		return h.hmac(header.Get("X-Signature"), body)
	default:
		token, bearer := strings.CutPrefix(header.Get("Authorization"), "Bearer ")
		want, got := sha256.Sum256([]byte(h.Secret)), sha256.Sum256([]byte(strings.TrimSpace(token)))
		return bearer && hmac.Equal(want[:], got[:])
	}
}

// hmac checks a signature "sha256=HEX" of the body.
func (h Hook) hmac(signature string, body []byte) bool {
	digits, ok := strings.CutPrefix(signature, "sha256=")
	if !ok {
		return false
	}
	got, err := hex.DecodeString(digits)
	if err != nil {
		return false
	}
	mac := hmac.New(sha256.New, []byte(h.Secret))
	mac.Write(body)
	return hmac.Equal(got, mac.Sum(nil))
}
