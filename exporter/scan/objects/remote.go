package objects

import (
	"context"
	"errors"
	"io"
	"strings"
)

// bucket is what a cloud's client has to do: one request each.
type bucket interface {
	// page lists one page of the objects under the prefix; next is "" for
	// the last.
	page(ctx context.Context, token string) (objects []Object, next string, err error)
	// get returns n bytes from off, or all from off when n is negative, if
	// the object still has its tag.
	get(ctx context.Context, o Object, off, n int64) (body io.ReadCloser, metadata map[string]string, err error)
}

// remote is a store behind HTTP.
type remote struct {
	bucket bucket
	retry  Retry
	url    string // of the listing
}

// List implements [Store].
func (r *remote) List(ctx context.Context, yield func(Object) error, _ func(string, error)) error {
	token := ""
	for {
		var page []Object
		var next string
		err := r.retry.do(ctx, "list", r.url, func(ctx context.Context) (err error) {
			page, next, err = r.bucket.page(ctx, token)
			return err
		})
		if err != nil {
			return err
		}
		for _, o := range page {
			if err := yield(o); err != nil {
				return err
			}
		}
		if next == "" {
			return nil
		}
		if next == token {
			return &Error{Op: "list", URL: r.url, Reason: ReasonIO, Attempts: 1, Err: errors.New("the store gives the same page again and again")}
		}
		token = next
	}
}

// Open implements [Store]; it asks nothing of the store.
func (r *remote) Open(ctx context.Context, o Object) (Source, error) {
	return &remoteSource{ctx: ctx, remote: r, object: o, metadata: o.Metadata}, nil
}

// remoteSource reads an object by ranges. Once reads follow one another for a
// while, as those of a decoder do, it goes over to one request for the rest.
type remoteSource struct {
	ctx      context.Context //nolint:containedctx // ReaderAt takes none
	remote   *remote
	object   Object
	metadata map[string]string
	bytes    int64
	requests int

	end    int64 // of the last read
	row    int   // reads that followed one another
	body   io.ReadCloser
	cancel context.CancelFunc
	at     int64 // of body
}

// inRow is how many reads in a row make a stream.
const inRow = 3

func (s *remoteSource) Metadata() map[string]string { return s.metadata }
func (s *remoteSource) Taken() (int64, int)         { return s.bytes, s.requests }

// Close implements io.Closer; it never fails.
func (s *remoteSource) Close() error {
	if s.body != nil {
		s.cancel() // the rest is not wanted
		_ = s.body.Close()
		s.body = nil
	}
	return nil
}

// ReadAt implements io.ReaderAt.
func (s *remoteSource) ReadAt(p []byte, off int64) (int, error) {
	want := p
	if rest := s.object.Size - off; rest < int64(len(p)) {
		want = p[:max(rest, 0)]
	}
	if len(want) == 0 {
		if len(p) == 0 {
			return 0, nil
		}
		return 0, io.EOF
	}
	if off == s.end && off > 0 {
		s.row++
	} else {
		s.row = 0
	}
	n, err := s.read(want, off)
	s.end = off + int64(n)
	if err == nil && n < len(p) {
		err = io.EOF
	}
	return n, err
}

func (s *remoteSource) read(p []byte, off int64) (done int, err error) {
	err = s.remote.retry.do(s.ctx, "read", s.object.URL, func(ctx context.Context) error {
		at := off + int64(done)
		if s.row < inRow && (s.body == nil || s.at != at) {
			n, err := s.ranged(ctx, p[done:], at)
			done += n
			return err
		}
		n, err := s.streamed(p[done:], at)
		done += n
		return err
	})
	return done, err
}

// ranged makes one request for exactly p.
func (s *remoteSource) ranged(ctx context.Context, p []byte, off int64) (int, error) {
	s.requests++
	body, metadata, err := s.remote.bucket.get(ctx, s.object, off, int64(len(p)))
	if err != nil {
		return 0, err
	}
	defer body.Close()
	s.keep(metadata)
	n, err := io.ReadFull(body, p)
	s.bytes += int64(n)
	return n, err
}

// streamed reads from the request for the rest, and makes it when there is none.
func (s *remoteSource) streamed(p []byte, off int64) (int, error) {
	if s.body != nil && s.at != off {
		s.Close()
	}
	if s.body == nil {
		s.requests++
		ctx, cancel := context.WithCancel(s.ctx)
		body, metadata, err := s.remote.bucket.get(ctx, s.object, off, -1)
		if err != nil {
			cancel()
			return 0, err
		}
		s.keep(metadata)
		s.body, s.cancel, s.at = body, cancel, off
	}
	stalled := watchStall(s.cancel, s.remote.retry.Timeout)
	n, err := io.ReadFull(s.body, p)
	if stalled() {
		err = errors.Join(context.DeadlineExceeded, err)
	}
	s.bytes += int64(n)
	s.at += int64(n)
	if err != nil {
		s.Close()
	}
	return n, err
}

// keep takes the metadata over, unless the listing told it.
func (s *remoteSource) keep(metadata map[string]string) {
	if s.metadata != nil {
		return
	}
	s.metadata = lower(metadata)
}

func lower(metadata map[string]string) map[string]string {
	out := make(map[string]string, len(metadata))
	for name, value := range metadata {
		out[strings.ToLower(name)] = value
	}
	return out
}
