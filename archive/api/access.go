package api

import (
	"context"
	"errors"
	"net/http"

	"github.com/epicurve/epicurve/archive/access"
)

type identityKey struct{}

// identify lets a request through whose token has the route's role, and puts who
// it is into the context. Routes without a role are open to everybody.
func (a *API) identify(r route, req *http.Request) (*http.Request, error) {
	if a.Access == nil || r.role == "" {
		return req, nil
	}
	who, err := a.Access.Identify(req.Header.Get("Authorization"))
	if err == nil && !who.May(r.role) {
		err = access.ErrForbidden
	}
	if err != nil {
		a.Logger.Warn("A request was refused", "method", req.Method, "path", req.URL.Path, "token", who.Name, "needs", r.role, "from", req.RemoteAddr, "err", err)
		return nil, err
	}
	if wait := a.limits.take(who, a.now()); wait > 0 {
		a.Logger.Warn("A token sends too many requests", "token", who.Name, "path", req.URL.Path, "from", req.RemoteAddr)
		return nil, &problem{Status: http.StatusTooManyRequests, Detail: "the token sends more requests than it may", RetryAfter: wait}
	}
	return req.WithContext(context.WithValue(req.Context(), identityKey{}, who)), nil
}

// identity returns who sent a request; the zero value where nobody is asked.
func identity(ctx context.Context) access.Identity {
	who, _ := ctx.Value(identityKey{}).(access.Identity)
	return who
}

// accessProblem returns the problem of a request that may not be served.
func accessProblem(err error) *problem {
	switch {
	case errors.Is(err, access.ErrUnknown):
		return &problem{Status: http.StatusUnauthorized, Detail: err.Error() + " (Authorization: Bearer …)"}
	case errors.Is(err, access.ErrForbidden):
		return &problem{Status: http.StatusForbidden, Detail: err.Error()}
	default:
		return nil
	}
}

// audit logs what somebody changed.
func (a *API) audit(ctx context.Context, did string, about ...any) {
	name := "anybody"
	if who := identity(ctx); who.Name != "" {
		name = who.Name
	}
	a.Logger.Info("Audit", append([]any{"did", did, "token", name, "tenant", a.tenant(ctx).name}, about...)...)
}
