package plugin

import (
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/backend"

	"github.com/epicurve/epicurve/pkg/query"
)

// maxSkew is how far the clocks of Grafana's machine and the archive may differ
// before the health check warns: "last 5 minutes" would miss what just crashed.
const maxSkew = time.Minute

// CheckHealth answers "Save & test": it asks the archive for its status with
// the settings as they are, and says which of them is wrong.
func (d *Datasource) CheckHealth(ctx context.Context, _ *backend.CheckHealthRequest) (*backend.CheckHealthResult, error) {
	if d.broken != nil {
		return unhealthy(d.broken.Error(), d.broken), nil
	}
	st, err := d.archive.Status(ctx)
	if err != nil {
		return unhealthy(diagnose(err), err), nil
	}
	if st.Storage == "" || st.Now.IsZero() {
		return unhealthy("Something answered at this URL, but not as a crash archive of this version does. Check the URL, or upgrade the archive.", nil), nil
	}
	return healthy(st, time.Now()), nil
}

func healthy(st query.Status, now time.Time) *backend.CheckHealthResult {
	version := cmp.Or(st.Version, "of unknown version")
	message := fmt.Sprintf("Archive %s answers. It holds %d crashes (%s).", version, st.Records, st.Storage)
	if st.Records == 0 {
		message = fmt.Sprintf("Archive %s answers, but it holds no crashes yet. Point an exporter at it: epicurve-exporter watch --archive.url URL.", version)
	}
	if skew := now.Sub(st.Now); skew.Abs() > maxSkew {
		message += fmt.Sprintf(" The clocks of this machine and of the archive differ by %s: set them, or recent crashes will be missing from panels.", skew.Abs().Round(time.Second))
	}
	details, err := json.Marshal(map[string]any{"version": st.Version, "storage": st.Storage, "records": st.Records, "exposure": st.Exposure})
	if err != nil {
		details = nil // the message says the same
	}
	return &backend.CheckHealthResult{Status: backend.HealthStatusOk, Message: message, JSONDetails: details}
}

func unhealthy(message string, err error) *backend.CheckHealthResult {
	r := &backend.CheckHealthResult{Status: backend.HealthStatusError, Message: message}
	if err != nil {
		if b, jerr := json.Marshal(map[string]string{"verboseMessage": err.Error()}); jerr == nil {
			r.JSONDetails = b
		}
	}
	return r
}

// diagnose says in one sentence what is wrong and in another what to do.
func diagnose(err error) string {
	if p, ok := errors.AsType[*query.Problem](err); ok {
		return diagnoseStatus(p)
	}
	if s := diagnoseTLS(err); s != "" {
		return s
	}
	if s := diagnoseNetwork(err); s != "" {
		return s
	}
	if errors.Is(err, query.ErrNotArchive) {
		return "Something answered at this URL, but it is not a crash archive. Check the URL and its path."
	}
	return err.Error()
}

func diagnoseStatus(p *query.Problem) string {
	switch {
	case p.Status == http.StatusUnauthorized:
		return "The archive refuses the credentials (401). Check the authentication settings: token, or user and password."
	case p.Status == http.StatusForbidden:
		return "The archive knows the credentials, but they may not read (403). Use a token with the role read."
	case p.Status == http.StatusNotFound:
		return "The server answers, but there is no crash archive at this path (404). Check the path of the URL; the archive listens on port 9932 by default."
	case p.Status >= http.StatusInternalServerError:
		return fmt.Sprintf("The archive or a proxy before it fails: %s. See the archive's log.", p.Error())
	default:
		return p.Error()
	}
}

func diagnoseTLS(err error) string {
	var (
		unknown  x509.UnknownAuthorityError
		hostname x509.HostnameError
		invalid  x509.CertificateInvalidError
		record   tls.RecordHeaderError
		alert    tls.AlertError
	)
	switch {
	case errors.As(err, &unknown):
		return "TLS: the archive's certificate is signed by an authority that this machine does not know. Enter its CA certificate under TLS."
	case errors.As(err, &hostname):
		return fmt.Sprintf("TLS: the archive's certificate is not for this name (%s). Use the name in the certificate, or set the server name under TLS.", hostname.Host)
	case errors.As(err, &invalid):
		return fmt.Sprintf("TLS: the archive's certificate is not valid: %s.", invalid.Error())
	case errors.As(err, &record), strings.Contains(err.Error(), "server gave HTTP response to HTTPS client"):
		return "TLS: the archive answers without TLS. Use http:// in the URL."
	case errors.As(err, &alert):
		return fmt.Sprintf("TLS: the archive refuses the handshake (%s). It may want a client certificate: enter one under TLS.", alert.Error())
	default:
		return ""
	}
}

func diagnoseNetwork(err error) string {
	if dns, ok := errors.AsType[*net.DNSError](err); ok {
		return fmt.Sprintf("DNS: the name %q can't be resolved from Grafana's machine. Check the URL's host.", dns.Name)
	}
	var timeout net.Error
	switch {
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &timeout) && timeout.Timeout():
		return "The archive does not answer in time. Check that the host is up and that no firewall is between; raise the timeout if the archive is far away."
	case strings.Contains(err.Error(), "connection refused"):
		return "Nothing listens at this address (connection refused). Start the archive (epicurve-archive serve), or correct host and port; 9932 is the default."
	default:
		return ""
	}
}
