// Package access knows who may do what with the archive: bearer tokens with
// roles. Tokens are random and long, so the file that lists them holds only
// their SHA-256 sums, and whoever reads it learns no token.
//
//	tokens:
//	  - name: exporters
//	    sha256: 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08
//	    roles: [ingest]
//	  - name: grafana
//	    sha256: …
//	    roles: [read, write]
//	    tenant: blue         # its own store; the default one when absent
//	    rate: 50             # requests a second; that of the archive when absent
package access

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"
)

// Role is something that a token allows.
type Role string

// The roles. Admin includes the others.
const (
	RoleIngest Role = "ingest" // send crashes and exposure
	RoleRead   Role = "read"   // ask questions
	RoleWrite  Role = "write"  // add to the ledger
	RoleAdmin  Role = "admin"  // everything
)

// Roles returns the closed set.
func Roles() []Role { return []Role{RoleIngest, RoleRead, RoleWrite, RoleAdmin} }

// ErrUnknown is returned for a request without a token that is known;
// ErrForbidden for a known one whose roles don't allow the request.
var (
	ErrUnknown   = errors.New("a known bearer token is needed")
	ErrForbidden = errors.New("the token does not allow this")
)

// Identity is who sent a request.
type Identity struct {
	Name string
	// Tenant is whose crashes the token is about: it neither reads nor
	// writes any others. "" is the default tenant.
	Tenant string
	// Rate is the number of requests a second that the token may send; 0
	// leaves it to the archive.
	Rate  float64
	roles []Role
}

// May reports whether the identity has a role.
func (i Identity) May(r Role) bool {
	return slices.Contains(i.roles, r) || slices.Contains(i.roles, RoleAdmin)
}

// entry is one token of the file.
type entry struct {
	Name   string  `yaml:"name"`
	SHA256 string  `yaml:"sha256"`
	Roles  []Role  `yaml:"roles"`
	Tenant string  `yaml:"tenant"`
	Rate   float64 `yaml:"rate"`
	sum    [sha256.Size]byte
}

// Keys are the known tokens. A nil *Keys lets everybody do everything.
type Keys struct{ entries []entry }

// Load reads a file of tokens, strictly; errors name the line.
func Load(path string) (*Keys, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("tokens: %w", err)
	}
	var file struct {
		Tokens []entry `yaml:"tokens"`
	}
	if err := yaml.UnmarshalWithOptions(b, &file, yaml.Strict()); err != nil {
		return nil, fmt.Errorf("tokens: %s: %w", path, err)
	}
	if len(file.Tokens) == 0 {
		return nil, fmt.Errorf("tokens: %s: names no token, so nobody could do anything", path)
	}
	seen := make(map[string]bool)
	for i := range file.Tokens {
		e := &file.Tokens[i]
		if err := e.check(); err != nil {
			return nil, fmt.Errorf("tokens: %s: tokens[%d]: %w", path, i, err)
		}
		if seen[e.Name] || seen[e.SHA256] {
			return nil, fmt.Errorf("tokens: %s: tokens[%d]: name or sum is given twice", path, i)
		}
		seen[e.Name], seen[e.SHA256] = true, true
	}
	return &Keys{entries: file.Tokens}, nil
}

func (e *entry) check() error {
	if e.Name == "" {
		return errors.New("name is missing")
	}
	sum, err := hex.DecodeString(e.SHA256)
	if err != nil || len(sum) != sha256.Size {
		return fmt.Errorf("sha256 of %q is not 64 hex digits; `epicurve-archive token` makes a token and its sum", e.Name)
	}
	copy(e.sum[:], sum)
	if len(e.Roles) == 0 {
		return fmt.Errorf("roles of %q are missing; possible are %v", e.Name, Roles())
	}
	for _, r := range e.Roles {
		if !slices.Contains(Roles(), r) {
			return fmt.Errorf("role %.40q of %q is not one of %v", r, e.Name, Roles())
		}
	}
	if e.Tenant != "" && !ValidTenant(e.Tenant) {
		return fmt.Errorf("tenant %.80q of %q is not a name of 1 to %d lower-case letters, digits and _ that begins with a letter", e.Tenant, e.Name, maxTenant)
	}
	if e.Rate < 0 {
		return fmt.Errorf("rate %v of %q is negative; it is a number of requests a second", e.Rate, e.Name)
	}
	return nil
}

// maxTenant bounds a tenant's name, in bytes.
const maxTenant = 48

// ValidTenant reports whether a name can be a tenant's: it is part of a file's
// name, or of a database's.
func ValidTenant(name string) bool {
	for i, c := range []byte(name) {
		if letter := c >= 'a' && c <= 'z'; !letter && (i == 0 || c != '_' && (c < '0' || c > '9')) {
			return false
		}
	}
	return name != "" && len(name) <= maxTenant
}

// Tenants returns the names of all tenants but the default one, sorted.
func (k *Keys) Tenants() []string {
	if k == nil {
		return nil
	}
	var names []string
	for _, e := range k.entries {
		if e.Tenant != "" {
			names = append(names, e.Tenant)
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// Identify returns whose token an Authorization header holds. Every known sum is
// compared in constant time, so that the time tells nothing of them.
func (k *Keys) Identify(authorization string) (Identity, error) {
	scheme, token, _ := strings.Cut(authorization, " ")
	if !strings.EqualFold(scheme, "Bearer") || strings.TrimSpace(token) == "" {
		return Identity{}, ErrUnknown
	}
	sum := sha256.Sum256([]byte(strings.TrimSpace(token)))
	found := -1
	for i := range k.entries {
		if subtle.ConstantTimeCompare(sum[:], k.entries[i].sum[:]) == 1 {
			found = i
		}
	}
	if found < 0 {
		return Identity{}, ErrUnknown
	}
	e := k.entries[found]
	return Identity{Name: e.Name, Tenant: e.Tenant, Rate: e.Rate, roles: e.Roles}, nil
}

// tokenBytes is the length of a token before encoding: 256 bits can't be guessed.
const tokenBytes = 32

// NewToken returns a random token and the sum to put into the file.
func NewToken() (token, sum string) {
	b := make([]byte, tokenBytes)
	rand.Read(b) //nolint:errcheck // it never fails
	token = "epi_" + base64.RawURLEncoding.EncodeToString(b)
	s := sha256.Sum256([]byte(token))
	return token, hex.EncodeToString(s[:])
}
