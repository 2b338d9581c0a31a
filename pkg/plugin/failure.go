package plugin

import (
	"context"
	"errors"
	"net"
	"net/http"

	"github.com/grafana/grafana-plugin-sdk-go/backend"

	"github.com/epicurve/epicurve/pkg/query"
)

// failure turns an error into an answer that says what is wrong and whose it
// is: a question that is wrong, an archive that refuses, fails or is not there
// are downstream; everything else is ours.
func failure(err error) backend.DataResponse {
	status, source := blame(err)
	return backend.ErrDataResponseWithSource(status, source, err.Error())
}

// statusCancelled is nginx's "client closed request", which the SDK uses too.
const statusCancelled backend.Status = 499

func blame(err error) (backend.Status, backend.ErrorSource) {
	if p, ok := errors.AsType[*query.Problem](err); ok {
		return backend.Status(p.Status), backend.ErrorSourceDownstream
	}
	var timeout net.Error
	switch {
	case errors.Is(err, context.Canceled):
		return statusCancelled, backend.ErrorSourceDownstream
	case errors.Is(err, query.ErrInvalid), errors.Is(err, errSettings):
		return backend.StatusBadRequest, backend.ErrorSourceDownstream
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &timeout) && timeout.Timeout():
		return backend.StatusTimeout, backend.ErrorSourceDownstream
	case errors.Is(err, query.ErrUnreachable), errors.Is(err, query.ErrNotArchive):
		return backend.StatusBadGateway, backend.ErrorSourceDownstream
	default:
		return backend.Status(http.StatusInternalServerError), backend.ErrorSourcePlugin
	}
}
