package plugin

import (
	"errors"
	"fmt"
	"mime"
	"net/http"

	"github.com/grafana/grafana-plugin-sdk-go/backend"
)

// errForbidden is wrapped when a request may not change the ledger.
var errForbidden = errors.New("not allowed")

// writer returns the login of a user who may write to the ledger, and refuses
// everybody else and every request that another site may have made up: Grafana
// checks neither for data source resources.
//
//   - Anonymous visitors come with an empty login, viewers with the role Viewer;
//     both reach this code.
//   - The cookie of a signed-in user goes along with a form posted from another
//     port of the same host, and with a plain link. So only POST writes, the
//     body must be declared as JSON (a form can't), and the browser must call
//     it same-origin where it says anything.
func writer(r *http.Request) (string, error) {
	media, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || media != "application/json" {
		return "", fmt.Errorf("%w: Content-Type must be application/json", errForbidden)
	}
	if site := r.Header.Get("Sec-Fetch-Site"); site != "" && site != "same-origin" {
		return "", fmt.Errorf("%w: the request comes from another site", errForbidden)
	}
	user := backend.UserFromContext(r.Context())
	if user == nil || user.Login == "" {
		return "", fmt.Errorf("%w: sign in to write to the ledger", errForbidden)
	}
	if !mayWrite(user) {
		return "", fmt.Errorf("%w: %s has the role %s; writing to the ledger needs Editor or Admin", errForbidden, user.Login, user.Role)
	}
	return user.Login, nil
}

func mayWrite(u *backend.User) bool { return u.Role == "Editor" || u.Role == "Admin" }
