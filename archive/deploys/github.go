package deploys

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"time"
)

// githubStatus is the part of GitHub's deployment_status payload that is read.
type githubStatus struct {
	Action string `json:"action"`
	Status struct {
		ID          int64     `json:"id"`
		State       string    `json:"state"`
		Environment string    `json:"environment"`
		CreatedAt   time.Time `json:"created_at"`
		Description string    `json:"description"`
	} `json:"deployment_status"`
	Deployment struct {
		ID          int64           `json:"id"`
		SHA         string          `json:"sha"`
		Ref         string          `json:"ref"`
		Environment string          `json:"environment"`
		Description string          `json:"description"`
		Payload     json.RawMessage `json:"payload"` // an object, or a text
	} `json:"deployment"`
	Repository struct {
		FullName string `json:"full_name"`
		Name     string `json:"name"`
	} `json:"repository"`
}

// ours is what a deployment's free payload may say to us.
type ours struct {
	Build   string   `json:"build"`
	Service string   `json:"service"`
	Fixes   []string `json:"fixes"`
}

// github reads a deployment_status of the state success. The build is what the
// deployment's payload names, else its ref.
func github(header http.Header, body []byte) (Told, error) {
	event := header.Get("X-GitHub-Event")
	if event != "deployment_status" {
		return Told{}, fmt.Errorf("%w: the event %.40q is not deployment_status", ErrIgnored, event)
	}
	var p githubStatus
	if err := json.Unmarshal(body, &p); err != nil {
		return Told{}, fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	if p.Status.State != "success" {
		return Told{}, fmt.Errorf("%w: the state %.40q is not success", ErrIgnored, p.Status.State)
	}
	own := p.ours()
	t := Told{Fixes: own.Fixes, Text: cut(p.Deployment.Description)}
	t.At, t.Service, t.Environment = p.Status.CreatedAt.UTC(), own.Service, p.Status.Environment
	if t.Environment == "" {
		t.Environment = p.Deployment.Environment
	}
	if t.Service == "" {
		t.Service = p.Repository.Name
	}
	t.Build, t.Aliases = p.Deployment.Ref, append(short(p.Deployment.SHA), p.Deployment.Ref)
	if own.Build != "" {
		t.Build = own.Build
	}
	t.once = []string{p.Repository.FullName, strconv.FormatInt(p.Deployment.ID, 10), strconv.FormatInt(p.Status.ID, 10)}
	return t, nil
}

// ours reads the free payload, which is an object or a text that holds one;
// anything else says nothing to us.
func (p *githubStatus) ours() (own ours) {
	raw := p.Deployment.Payload
	var text string
	if json.Unmarshal(raw, &text) == nil {
		raw = json.RawMessage(text)
	}
	var outer struct {
		Epicurve ours `json:"epicurve"`
	}
	if json.Unmarshal(raw, &outer) != nil {
		return ours{}
	}
	return outer.Epicurve
}
