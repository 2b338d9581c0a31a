package api

import (
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strings"

	"github.com/klauspost/compress/zstd"
)

// readBody reads a request's body, plain or compressed, within the bound, which
// holds for what was sent and for what it expands to.
func (a *API) readBody(w http.ResponseWriter, r *http.Request) ([]byte, error) {
	var body io.Reader = http.MaxBytesReader(w, r.Body, a.MaxBody)
	switch enc := strings.ToLower(strings.TrimSpace(r.Header.Get("Content-Encoding"))); enc {
	case "", "identity":
	case "gzip":
		z, err := gzip.NewReader(body)
		if err != nil {
			return nil, bodyProblem(fmt.Errorf("gzip: %w", err))
		}
		body = z
	case "zstd":
		z, err := zstd.NewReader(body, zstd.WithDecoderMaxMemory(uint64(a.MaxBody)), zstd.WithDecoderConcurrency(1))
		if err != nil {
			return nil, bodyProblem(fmt.Errorf("zstd: %w", err))
		}
		defer z.Close()
		body = z
	default:
		return nil, refuse(http.StatusUnsupportedMediaType, fmt.Sprintf("Content-Encoding %.40q is not known; possible are gzip, zstd and none", enc))
	}
	b, err := io.ReadAll(io.LimitReader(body, a.MaxBody+1))
	if err != nil {
		return nil, bodyProblem(err)
	}
	if int64(len(b)) > a.MaxBody {
		return nil, a.tooLarge()
	}
	return b, nil
}

func (a *API) tooLarge() error {
	return refuse(http.StatusRequestEntityTooLarge, fmt.Sprintf("the body is larger than %d bytes; send it in parts", a.MaxBody))
}

func bodyProblem(err error) error {
	if tooLarge, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return refuse(http.StatusRequestEntityTooLarge, fmt.Sprintf("the body is larger than %d bytes; send it in parts", tooLarge.Limit))
	}
	if errors.Is(err, zstd.ErrDecoderSizeExceeded) || errors.Is(err, zstd.ErrWindowSizeExceeded) {
		return refuse(http.StatusRequestEntityTooLarge, "the body expands to more than is allowed; send it in parts")
	}
	return refuse(http.StatusBadRequest, fmt.Sprintf("the body can't be read: %v", err))
}

// mediaType returns the request's content type without parameters.
func mediaType(r *http.Request) string {
	t, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil {
		return ""
	}
	return t
}
