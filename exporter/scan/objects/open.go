package objects

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// Config is what opening a URL needs besides it.
type Config struct {
	Retry Retry
	// Env looks up variables of the environment.
	Env func(string) string
	// Workers is how many read at the same time.
	Workers int
}

// Open opens a path, a glob, or a URL: s3://, gs://, azblob://.
func Open(text string, cfg Config) (Store, error) {
	scheme, rest, isURL := strings.Cut(text, "://")
	if !isURL {
		return OpenFiles(text)
	}
	if scheme == "file" {
		return OpenFiles(rest)
	}
	u, err := url.Parse(text)
	if err != nil {
		if ue, ok := errors.AsType[*url.Error](err); ok {
			err = ue.Err // the URL may hold a secret
		}
		return nil, fmt.Errorf("scan URL: %w", err)
	}
	if u.Host == "" {
		return nil, fmt.Errorf("scan URL %s: want %s://BUCKET or %s://BUCKET/PREFIX", u.Redacted(), scheme, scheme)
	}
	if u.Fragment != "" || u.RawFragment != "" {
		return nil, fmt.Errorf("scan URL %s: a %q begins a fragment; write %%23 for it", u.Redacted(), "#")
	}
	var b bucket
	switch scheme {
	case "s3":
		b, err = openS3(u, cfg.Env, transport(cfg))
	case "gs":
		b, err = openGCS(u, cfg.Env, transport(cfg))
	case "azblob":
		b, err = openAzure(u, cfg.Env, transport(cfg))
	default:
		return nil, fmt.Errorf("scan URL %s: want a path, s3://, gs:// or azblob://", u.Redacted())
	}
	if err != nil {
		return nil, err
	}
	plain := *u
	plain.RawQuery = ""
	return &remote{bucket: b, retry: cfg.Retry.withDefaults(), url: plain.Redacted()}, nil
}

// transport keeps a connection for every worker.
func transport(cfg Config) http.RoundTripper {
	t := http.DefaultTransport.(*http.Transport).Clone()
	t.MaxIdleConns, t.MaxIdleConnsPerHost = cfg.Workers+8, cfg.Workers+8
	t.ResponseHeaderTimeout = cfg.Retry.withDefaults().Timeout
	t.IdleConnTimeout = 90 * time.Second
	t.DisableCompression = true // ranges are of what is stored
	t.WriteBufferSize, t.ReadBufferSize = 4<<10, 16<<10
	t.ForceAttemptHTTP2 = false // one stalled connection would stall all
	return t
}
