package objects

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"io"
	"net/http"
	"testing"
	"testing/synctest"
	"time"
)

func hmacBase64(key, text string) string {
	mac := hmac.New(sha256.New, []byte(key))
	mac.Write([]byte(text))
	return base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

// flaky is a bucket of one object that fails as it is told, request by request.
type flaky struct {
	content []byte
	faults  []error
	cut     int // of the first bodies, so many bytes are missing
	asked   int
}

func (f *flaky) next() error {
	f.asked++
	if len(f.faults) == 0 {
		return nil
	}
	err := f.faults[0]
	f.faults = f.faults[1:]
	return err
}

func (f *flaky) page(context.Context, string) ([]Object, string, error) {
	if err := f.next(); err != nil {
		return nil, "", err
	}
	return []Object{{URL: "s3://b/o", Key: "o", Size: int64(len(f.content))}}, "", nil
}

func (f *flaky) get(_ context.Context, _ Object, off, n int64) (io.ReadCloser, map[string]string, error) {
	if err := f.next(); err != nil {
		return nil, nil, err
	}
	end := int64(len(f.content))
	if n >= 0 {
		end = min(end, off+n)
	}
	b := f.content[off:end]
	if f.cut > 0 && len(b) > 1 {
		b = b[:len(b)-f.cut]
		f.cut = 0
	}
	return io.NopCloser(bytes.NewReader(b)), nil, nil
}

// TestRetries: what may succeed later is tried again, after pauses that grow and
// that the store's own wish lengthens; what can't succeed is not.
func TestRetries(t *testing.T) {
	slow := &statusError{status: http.StatusServiceUnavailable}
	for _, tt := range []struct {
		name     string
		faults   []error
		cut      int
		reason   Reason // "" for success
		asked    int
		at, most time.Duration
	}{
		{"no fault", nil, 0, "", 1, 0, 0},
		{"throttled twice", []error{slow, slow}, 0, "", 3, time.Second / 16, 2 * time.Second},
		{"asked to wait", []error{&statusError{status: 429, after: 7 * time.Second}}, 0, "", 2, 7 * time.Second, 7 * time.Second},
		{"server error, then cut short", []error{&statusError{status: 500}}, 3, "", 3, 0, 2 * time.Second},
		{"broken connection", []error{io.ErrUnexpectedEOF}, 0, "", 2, 0, time.Second},
		{"throttled for ever", []error{slow, slow, slow, slow, slow}, 0, ReasonThrottled, 4, 0, time.Minute},
		{"timeout for ever", []error{context.DeadlineExceeded, context.DeadlineExceeded, context.DeadlineExceeded, context.DeadlineExceeded}, 0, ReasonTimeout, 4, 0, time.Minute},
		{"denied", []error{&statusError{status: 403}}, 0, ReasonDenied, 1, 0, 0},
		{"gone", []error{&statusError{status: 404}}, 0, ReasonGone, 1, 0, 0},
		{"replaced", []error{&statusError{status: 412}}, 0, ReasonChanged, 1, 0, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := &flaky{content: []byte("0123456789"), faults: tt.faults, cut: tt.cut}
				r := &remote{bucket: f, retry: Retry{Attempts: 4}.withDefaults(), url: "s3://b"}
				began := time.Now()
				src, err := r.Open(t.Context(), Object{URL: "s3://b/o", Size: 10})
				if err != nil {
					t.Fatal(err)
				}
				b := make([]byte, 8)
				n, err := src.ReadAt(b, 1)
				took := time.Since(began)
				if f.asked != tt.asked || took < tt.at || took > tt.most {
					t.Errorf("%d requests in %s, want %d in %s to %s", f.asked, took, tt.asked, tt.at, tt.most)
				}
				if tt.reason == "" {
					if n != 8 || err != nil || string(b) != "12345678" {
						t.Errorf("%d %q %v", n, b, err)
					}
					return
				}
				oe, ok := errors.AsType[*Error](err)
				if !ok || oe.Reason != tt.reason || oe.URL != "s3://b/o" || oe.Attempts != tt.asked {
					t.Errorf("%#v, want reason %s after %d attempts", err, tt.reason, tt.asked)
				}
			})
		})
	}
}

// TestStreamGoesOn: a stream that breaks is taken up where it broke.
func TestStreamGoesOn(t *testing.T) {
	content := bytes.Repeat([]byte("abcdefghij"), 100)
	f := &flaky{content: content}
	r := &remote{bucket: f, retry: Retry{Attempts: 4, First: time.Microsecond, Longest: time.Microsecond}.withDefaults()}
	src, err := r.Open(t.Context(), Object{URL: "s3://b/o", Size: int64(len(content))})
	if err != nil {
		t.Fatal(err)
	}
	defer src.Close()
	var got []byte
	for off := 0; off < len(content); off += 50 {
		if off == 500 {
			f.cut = 450 // of the next body
			_ = src.Close()
		}
		b := make([]byte, 50)
		if n, err := src.ReadAt(b, int64(off)); n != 50 || err != nil {
			t.Fatalf("at %d: %d, %v", off, n, err)
		}
		got = append(got, b...)
	}
	if !bytes.Equal(got, content) {
		t.Error("other bytes")
	}
	if f.asked > 8 {
		t.Errorf("%d requests", f.asked)
	}
}

// TestCancel: a scan that is ended does not wait for its pauses.
func TestCancel(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		slow := &statusError{status: http.StatusServiceUnavailable, after: time.Hour}
		r := Retry{Attempts: 10, Longest: time.Hour}.withDefaults()
		time.AfterFunc(time.Second, cancel)
		began := time.Now()
		err := r.do(ctx, "read", "s3://b/o", func(context.Context) error { return slow })
		if took := time.Since(began); took != time.Second || !errors.Is(err, context.Canceled) {
			t.Errorf("%v after %s", err, took)
		}
	})
}
