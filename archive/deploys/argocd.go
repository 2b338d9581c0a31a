package deploys

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"time"
)

// argoNotification is what Argo CD's notifications send with the template of
// docs/ledger.md, whose body is {"app": {{toJson .app}}}: the Application
// itself. environment, build, service and fixes may stand beside it.
type argoNotification struct {
	App struct {
		Metadata struct {
			Name        string            `json:"name"`
			Namespace   string            `json:"namespace"`
			Annotations map[string]string `json:"annotations"`
		} `json:"metadata"`
		Spec struct {
			Destination struct {
				Name      string `json:"name"`
				Server    string `json:"server"`
				Namespace string `json:"namespace"`
			} `json:"destination"`
		} `json:"spec"`
		Status struct {
			OperationState struct {
				Phase      string    `json:"phase"`
				FinishedAt time.Time `json:"finishedAt"`
				Message    string    `json:"message"`
				SyncResult struct {
					Revision string `json:"revision"`
				} `json:"syncResult"`
			} `json:"operationState"`
			Summary struct {
				Images []string `json:"images"`
			} `json:"summary"`
		} `json:"status"`
	} `json:"app"`
	Build       string   `json:"build"`
	Service     string   `json:"service"`
	Environment string   `json:"environment"`
	Fixes       []string `json:"fixes"`
}

// fixesAnnotation names, on an Application, the clusters that its next
// deployment fixes, one a line.
const fixesAnnotation = "epicurve.dev/fixes"

func argocd(_ http.Header, body []byte) (Told, error) {
	var n argoNotification
	if err := json.Unmarshal(body, &n); err != nil {
		return Told{}, fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	op := n.App.Status.OperationState
	if n.App.Metadata.Name == "" {
		return Told{}, fmt.Errorf("%w: app.metadata.name is missing; send {\"app\": {{toJson .app}}}", ErrMalformed)
	}
	if op.Phase != "Succeeded" {
		return Told{}, fmt.Errorf("%w: the operation's phase %.40q is not Succeeded", ErrIgnored, op.Phase)
	}
	t := Told{Text: cut(op.Message), Fixes: n.Fixes}
	t.At, t.Service, t.Environment, t.Build = op.FinishedAt.UTC(), n.Service, n.Environment, n.Build
	if t.Service == "" {
		t.Service = n.App.Metadata.Name
	}
	if d := n.App.Spec.Destination; t.Environment == "" {
		t.Environment = strings.Trim(d.Name+d.Server+"/"+d.Namespace, "/")
	}
	t.Aliases = short(op.SyncResult.Revision)
	for _, image := range n.App.Status.Summary.Images {
		name, _, _ := strings.Cut(image, "@")
		if at := strings.LastIndex(name, ":"); at > strings.LastIndex(name, "/") {
			t.Aliases = append(t.Aliases, name[at+1:])
		}
	}
	if t.Build == "" {
		t.Build = op.SyncResult.Revision
	}
	for fix := range strings.SplitSeq(n.App.Metadata.Annotations[fixesAnnotation], "\n") {
		if fix = strings.TrimSpace(fix); fix != "" {
			t.Fixes = append(t.Fixes, fix)
		}
	}
	t.once = []string{n.App.Metadata.Namespace, n.App.Metadata.Name, t.Environment, t.Build, t.At.Format(time.RFC3339)}
	return t, nil
}
