package objects

import (
	"cmp"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// signer authorizes a request of the Blob service.
type signer func(*http.Request) error

// azureSigner takes what there is, in this order: a shared access signature, an
// account key, an identity (a workload's, an application's, the machine's).
func azureSigner(account string, anonymous bool, conn map[string]string, env func(string) string) (signer, error) {
	if anonymous {
		return func(*http.Request) error { return nil }, nil
	}
	if sas := cmp.Or(env("AZURE_STORAGE_SAS_TOKEN"), conn["SharedAccessSignature"]); sas != "" {
		return sasSigner(strings.TrimPrefix(sas, "?"))
	}
	if key := cmp.Or(env("AZURE_STORAGE_KEY"), conn["AccountKey"]); key != "" {
		if account == "" {
			return nil, errors.New("there is an account key, but no account: set AZURE_STORAGE_ACCOUNT")
		}
		secret, err := base64.StdEncoding.DecodeString(key)
		if err != nil {
			return nil, errors.New("AZURE_STORAGE_KEY is not base64")
		}
		return func(r *http.Request) error { signShared(r, account, secret); return nil }, nil
	}
	tokens := newIdentity(env)
	return func(r *http.Request) error { return tokens.sign(r) }, nil
}

func sasSigner(sas string) (signer, error) {
	signature, err := url.ParseQuery(sas)
	if err != nil || signature.Get("sig") == "" {
		return nil, errors.New("AZURE_STORAGE_SAS_TOKEN is no shared access signature (sv=…&sig=…)")
	}
	return func(r *http.Request) error {
		q := r.URL.Query()
		maps.Copy(q, signature)
		r.URL.RawQuery = q.Encode()
		return nil
	}, nil
}

// signShared signs with the account's key ("Authorize with Shared Key", Blob
// service): the method, eleven standard headers, the x-ms- headers, the resource
// and its query. Of the standard headers only If-Match is ever set here.
func signShared(r *http.Request, account string, secret []byte) {
	lines := []string{r.Method, "", "", "", "", "", "", "", r.Header.Get("If-Match"), "", "", ""}
	var own []string
	for name := range r.Header {
		if l := strings.ToLower(name); strings.HasPrefix(l, "x-ms-") {
			own = append(own, l+":"+strings.TrimSpace(r.Header.Get(name)))
		}
	}
	slices.Sort(own)
	lines = append(lines, own...)
	resource := []string{"/" + account + r.URL.EscapedPath()}
	q := r.URL.Query()
	for _, name := range slices.Sorted(maps.Keys(q)) {
		values := slices.Sorted(slices.Values(q[name]))
		resource = append(resource, strings.ToLower(name)+":"+strings.Join(values, ","))
	}
	mac := hmac.New(sha256.New, secret)
	mac.Write([]byte(strings.Join(append(lines, resource...), "\n")))
	r.Header.Set("Authorization", fmt.Sprintf("SharedKey %s:%s", account, base64.StdEncoding.EncodeToString(mac.Sum(nil))))
}
