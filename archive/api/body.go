package api

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strings"
	"sync"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

// buffers are those of bodies: one of a few megabytes for each request would be
// most of what the archive allocates.
var buffers = sync.Pool{New: func() any { return new(bytes.Buffer) }}

// largestKept bounds the buffers that wait for the next request, in bytes.
const largestKept = 8 << 20

// withBody reads a request's body and hands it over; it is not valid afterwards,
// so use must copy what it keeps.
func (a *API) withBody(w http.ResponseWriter, r *http.Request, use func(body []byte) error) error {
	b := buffers.Get().(*bytes.Buffer)
	b.Reset()
	defer func() {
		if b.Cap() <= largestKept {
			buffers.Put(b)
		}
	}()
	if err := a.readInto(b, w, r); err != nil {
		return err
	}
	return use(b.Bytes())
}

// readBody reads a request's body.
func (a *API) readBody(w http.ResponseWriter, r *http.Request) ([]byte, error) {
	var b bytes.Buffer
	err := a.readInto(&b, w, r)
	return b.Bytes(), err
}

// readInto reads a body, plain or compressed, within the bound, which holds for
// what was sent and for what it expands to.
func (a *API) readInto(to *bytes.Buffer, w http.ResponseWriter, r *http.Request) error {
	body, done, err := a.plain(http.MaxBytesReader(w, r.Body, a.MaxBody), r.Header.Get("Content-Encoding"))
	if err != nil {
		return err
	}
	defer done()
	if _, err := to.ReadFrom(io.LimitReader(body, a.MaxBody+1)); err != nil {
		return bodyProblem(err)
	}
	if int64(to.Len()) > a.MaxBody {
		return a.tooLarge()
	}
	return nil
}

// gzips are readers that wait for the next body.
var gzips = sync.Pool{New: func() any { return new(gzip.Reader) }}

// plain undoes a body's compression. done ends the use of what is returned.
func (a *API) plain(body io.Reader, encoding string) (plain io.Reader, done func(), err error) {
	switch enc := strings.ToLower(strings.TrimSpace(encoding)); enc {
	case "", "identity":
		return body, func() {}, nil
	case "gzip":
		z := gzips.Get().(*gzip.Reader)
		if err := z.Reset(body); err != nil {
			return nil, nil, bodyProblem(fmt.Errorf("gzip: %w", err))
		}
		return z, func() { gzips.Put(z) }, nil
	case "zstd":
		z, err := zstd.NewReader(body, zstd.WithDecoderMaxMemory(uint64(a.MaxBody)), zstd.WithDecoderConcurrency(1))
		if err != nil {
			return nil, nil, bodyProblem(fmt.Errorf("zstd: %w", err))
		}
		return z, z.Close, nil
	default:
		return nil, nil, refuse(http.StatusUnsupportedMediaType, fmt.Sprintf("Content-Encoding %.40q is not known; possible are gzip, zstd and none", enc))
	}
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
