package cloud

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"strings"
)

// Paths of the instance metadata service, version 2 (Amazon EC2 User Guide, "Use
// the Instance Metadata Service to access instance metadata").
const (
	awsToken    = "/latest/api/token"
	awsIdentity = "/latest/dynamic/instance-identity/document"
	awsHostID   = "/latest/meta-data/placement/host-id" // of instances on Dedicated Hosts
)

// A session token is opaque; it goes into a header.
var awsTokenForm = regexp.MustCompile(`^[!-~]{1,1000}$`)

// askAWS asks EC2. It takes a session token first and never falls back to
// requests without one (IMDSv1).
func askAWS(ctx context.Context, c *client) (Place, error) {
	a, err := c.fetch(ctx, http.MethodPut, awsToken, map[string]string{"X-aws-ec2-metadata-token-ttl-seconds": "60"})
	switch {
	case errors.Is(err, errSilent):
		// The answer's IP packets live as many hops as the instance allows,
		// by default 1: too few to reach a container with a network of its own.
		return Place{}, fmt.Errorf("%w; in a container use the host's network, or raise the instance's "+
			"metadata response hop limit (HttpPutResponseHopLimit) to 2", err)
	case err != nil:
		return Place{}, err
	case a.status == http.StatusNotFound, a.status == http.StatusMethodNotAllowed:
		return Place{}, fmt.Errorf("%s: %w: %d, it gives no tokens (IMDSv1 only), and is not asked without one", awsToken, ErrRefused, a.status)
	case a.status != http.StatusOK:
		return Place{}, a.refused(awsToken)
	}
	token := strings.TrimSpace(string(a.body))
	if !awsTokenForm.MatchString(token) {
		return Place{}, fmt.Errorf("%s: %w: no token", awsToken, ErrGarbage)
	}
	header := map[string]string{"X-aws-ec2-metadata-token": token}
	if a, err = c.get(ctx, awsIdentity, header); err != nil {
		return Place{}, err
	}
	var document struct {
		Region           string `json:"region"`
		AvailabilityZone string `json:"availabilityZone"`
		InstanceType     string `json:"instanceType"`
		InstanceID       string `json:"instanceId"`
	}
	if err := a.decode(awsIdentity, &document); err != nil {
		return Place{}, err
	}
	p := Place{
		Provider: "aws", Region: document.Region, Zone: document.AvailabilityZone,
		InstanceType: document.InstanceType, InstanceID: document.InstanceID,
	}
	if p.PhysicalHost, err = c.optional(ctx, awsHostID, header); err != nil {
		return Place{}, err
	}
	return p, p.check()
}
