package objects

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
	"sync"
	"time"
)

// identity gets tokens of Microsoft Entra for the storage service: for a pod's
// workload identity (AZURE_FEDERATED_TOKEN_FILE), for an application
// (AZURE_CLIENT_SECRET), else for the machine's managed identity.
type identity struct {
	client *http.Client
	env    func(string) string

	mu      sync.Mutex
	token   string
	expires time.Time
}

const storageScope = "https://storage.azure.com/"

func newIdentity(env func(string) string) *identity {
	return &identity{client: &http.Client{Timeout: 30 * time.Second}, env: env}
}

func (i *identity) sign(r *http.Request) error {
	i.mu.Lock()
	defer i.mu.Unlock()
	if time.Until(i.expires) < 5*time.Minute {
		if err := i.renew(r.Context()); err != nil {
			return fmt.Errorf("token for Azure storage (set AZURE_STORAGE_KEY, AZURE_STORAGE_SAS_TOKEN or AZURE_CLIENT_ID and its kin to use others): %w", err)
		}
	}
	r.Header.Set("Authorization", "Bearer "+i.token)
	return nil
}

// renew asks for a token.
func (i *identity) renew(ctx context.Context) error {
	req, err := i.request(ctx)
	if err != nil {
		return err
	}
	resp, err := i.client.Do(req)
	if err != nil {
		return withoutURL(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, 1<<20))
	if err != nil {
		return err
	}
	var answer struct {
		Token     string      `json:"access_token"`
		ExpiresIn json.Number `json:"expires_in"` // a text in the machine's answer
		Problem   string      `json:"error_description"`
	}
	if err := json.Unmarshal(body, &answer); err != nil || answer.Token == "" {
		return &statusError{status: cmp.Or(errorStatus(resp.StatusCode), http.StatusForbidden), text: answer.Problem}
	}
	seconds, err := answer.ExpiresIn.Int64()
	if err != nil {
		seconds = 600
	}
	i.token, i.expires = answer.Token, time.Now().Add(time.Duration(seconds)*time.Second)
	return nil
}

// errorStatus is 0 for a success, so that an odd answer to one is told apart.
func errorStatus(status int) int {
	if status/100 == 2 {
		return 0
	}
	return status
}

// request is the request for a token.
func (i *identity) request(ctx context.Context) (*http.Request, error) {
	client, tenant := i.env("AZURE_CLIENT_ID"), i.env("AZURE_TENANT_ID")
	file, secret := i.env("AZURE_FEDERATED_TOKEN_FILE"), i.env("AZURE_CLIENT_SECRET")
	if file == "" && secret == "" {
		return i.machine(ctx, client)
	}
	if client == "" || tenant == "" {
		return nil, errors.New("AZURE_CLIENT_ID and AZURE_TENANT_ID must be set as well")
	}
	form := url.Values{"client_id": {client}, "scope": {storageScope + ".default"}, "grant_type": {"client_credentials"}}
	if file != "" {
		assertion, err := os.ReadFile(file)
		if err != nil {
			return nil, fmt.Errorf("AZURE_FEDERATED_TOKEN_FILE: %w", err)
		}
		form.Set("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer")
		form.Set("client_assertion", strings.TrimSpace(string(assertion)))
	} else {
		form.Set("client_secret", secret)
	}
	host := strings.TrimSuffix(cmp.Or(i.env("AZURE_AUTHORITY_HOST"), "https://login.microsoftonline.com/"), "/")
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, host+"/"+url.PathEscape(tenant)+"/oauth2/v2.0/token", strings.NewReader(form.Encode()))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return req, nil
}

// machine asks the instance metadata service.
func (i *identity) machine(ctx context.Context, client string) (*http.Request, error) {
	q := url.Values{"api-version": {"2018-02-01"}, "resource": {storageScope}}
	if client != "" {
		q.Set("client_id", client)
	}
	host := cmp.Or(i.env("AZURE_POD_IDENTITY_AUTHORITY_HOST"), "http://169.254.169.254")
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, strings.TrimSuffix(host, "/")+"/metadata/identity/oauth2/token?"+q.Encode(), nil)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Metadata", "true")
	return req, nil
}
