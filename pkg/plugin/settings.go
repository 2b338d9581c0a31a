package plugin

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/grafana/grafana-plugin-sdk-go/backend"
	"github.com/grafana/grafana-plugin-sdk-go/backend/httpclient"

	"github.com/epicurve/epicurve/pkg/query"
)

// secretToken is the key of the bearer token among the encrypted settings.
const secretToken = "bearerToken"

// errSettings is wrapped when the data source's own settings are at fault.
var errSettings = errors.New("data source settings")

// newHTTPClient builds the client that all of an instance's requests use. TLS,
// basic authentication, custom headers, timeouts, forwarded sign-in and the
// secure socks proxy follow from Grafana's own settings; a bearer token is ours.
// release closes the idle connections: the client itself can't, because the
// SDK's middleware hides the transport from it.
func newHTTPClient(ctx context.Context, s backend.DataSourceInstanceSettings) (hc *http.Client, release func(), err error) {
	opts, err := s.HTTPClientOptions(ctx)
	if err != nil {
		return nil, nil, fmt.Errorf("%w: %w", errSettings, err)
	}
	release = func() {}
	opts.ConfigureTransport = func(_ httpclient.Options, transport *http.Transport) {
		release = transport.CloseIdleConnections
	}
	opts.ForwardHTTPHeaders = true
	if token := strings.TrimSpace(s.DecryptedSecureJSONData[secretToken]); token != "" {
		opts.Header = opts.Header.Clone()
		if opts.Header == nil {
			opts.Header = http.Header{}
		}
		opts.Header.Set("Authorization", "Bearer "+token)
	}
	hc, err = httpclient.New(opts)
	if err != nil {
		return nil, nil, fmt.Errorf("%w: %w", errSettings, err)
	}
	return hc, release, nil
}

// forwardsSignIn reports whether viewers' OAuth tokens or cookies go to the archive.
func forwardsSignIn(s backend.DataSourceInstanceSettings) bool {
	var settings struct {
		OAuthPassThru bool     `json:"oauthPassThru"`
		KeepCookies   []string `json:"keepCookies"`
	}
	if len(s.JSONData) == 0 || json.Unmarshal(s.JSONData, &settings) != nil {
		return false // the HTTP client's options say what is wrong with them
	}
	return settings.OAuthPassThru || len(settings.KeepCookies) > 0
}

func newArchive(url string, hc *http.Client) (*query.Client, error) {
	if strings.TrimSpace(url) == "" {
		return nil, fmt.Errorf("%w: the URL of the crash archive is missing; enter one such as http://localhost:9932", errSettings)
	}
	c, err := query.NewClient(url, hc)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errSettings, err)
	}
	return c, nil
}
