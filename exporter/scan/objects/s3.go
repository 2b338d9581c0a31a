package objects

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"
)

// s3Bucket speaks S3, to Amazon or to whoever AWS_ENDPOINT_URL names.
type s3Bucket struct {
	core   *minio.Core
	name   string
	prefix string
}

// openS3 opens s3://BUCKET/PREFIX?region=…&endpoint=…&path_style=…. What the URL
// does not say comes from the variables and files of Amazon's tools.
func openS3(u *url.URL, env func(string) string, transport http.RoundTripper) (bucket, error) {
	q := u.Query()
	endpoint := cmp.Or(q.Get("endpoint"), env("AWS_ENDPOINT_URL_S3"), env("AWS_ENDPOINT_URL"), "https://s3.amazonaws.com")
	e, err := url.Parse(endpoint)
	if err != nil || e.Host == "" || (e.Scheme != "http" && e.Scheme != "https") || strings.Trim(e.Path, "/") != "" {
		return nil, fmt.Errorf("S3 endpoint %q: want http://HOST:PORT or https://HOST:PORT", endpoint)
	}
	lookup := minio.BucketLookupAuto
	if text := q.Get("path_style"); text != "" {
		style, err := strconv.ParseBool(text)
		if err != nil {
			return nil, fmt.Errorf("%s: path_style=%q: want true or false", u.Redacted(), text)
		}
		if lookup = minio.BucketLookupDNS; style {
			lookup = minio.BucketLookupPath
		}
	}
	core, err := minio.NewCore(e.Host, &minio.Options{
		Creds: s3Credentials(q, env), Secure: e.Scheme == "https", Transport: transport,
		Region: cmp.Or(q.Get("region"), env("AWS_REGION"), env("AWS_DEFAULT_REGION")), BucketLookup: lookup, MaxRetries: 1,
	})
	if err != nil {
		return nil, fmt.Errorf("S3: %w", err)
	}
	return &s3Bucket{core: core, name: u.Host, prefix: strings.TrimPrefix(u.Path, "/")}, nil
}

// s3Credentials are those that Amazon's tools would take: the environment, the
// profile in the shared file, then the role of the pod, task or machine
// (web identity, container endpoint, instance metadata); with anonymous=true
// none.
func s3Credentials(q url.Values, env func(string) string) *credentials.Credentials {
	if q.Get("anonymous") == "true" {
		return credentials.NewStatic("", "", "", credentials.SignatureAnonymous)
	}
	profile := cmp.Or(q.Get("profile"), env("AWS_PROFILE"))
	chain := []credentials.Provider{&credentials.EnvAWS{}}
	file := &credentials.FileAWSCredentials{Profile: profile}
	if q.Get("profile") != "" { // named in the URL: nothing else may be taken instead
		chain = []credentials.Provider{file}
	} else {
		chain = append(chain, file, &credentials.IAM{Client: http.DefaultClient})
	}
	return credentials.NewChainCredentials(chain)
}

func (b *s3Bucket) page(ctx context.Context, token string) ([]Object, string, error) {
	// ListObjectsV2 of the library takes no context.
	type answer struct {
		result minio.ListBucketV2Result
		err    error
	}
	done := make(chan answer, 1)
	go func() {
		result, err := b.core.ListObjectsV2(b.name, b.prefix, "", token, "", 1000)
		done <- answer{result, err}
	}()
	var a answer
	select {
	case <-ctx.Done():
		return nil, "", ctx.Err()
	case a = <-done:
	}
	if a.err != nil {
		return nil, "", s3Error(a.err)
	}
	objects := make([]Object, 0, len(a.result.Contents))
	for _, o := range a.result.Contents {
		if strings.HasSuffix(o.Key, "/") && o.Size == 0 {
			continue // a folder, as consoles make them
		}
		objects = append(objects, Object{
			URL: "s3://" + b.name + "/" + o.Key, Key: o.Key, Size: o.Size, Modified: o.LastModified, Tag: strings.Trim(o.ETag, `"`),
		})
	}
	if !a.result.IsTruncated {
		return objects, "", nil
	}
	return objects, a.result.NextContinuationToken, nil
}

func (b *s3Bucket) get(ctx context.Context, o Object, off, n int64) (io.ReadCloser, map[string]string, error) {
	opt := minio.GetObjectOptions{}
	if o.Tag != "" {
		if err := opt.SetMatchETag(o.Tag); err != nil {
			return nil, nil, err
		}
	}
	if last := off + n - 1; n >= 0 {
		if err := opt.SetRange(off, last); err != nil {
			return nil, nil, err
		}
	} else if off > 0 {
		opt.Set("Range", fmt.Sprintf("bytes=%d-", off))
	}
	body, _, header, err := b.core.GetObject(ctx, b.name, o.Key, opt)
	if err != nil {
		return nil, nil, s3Error(err)
	}
	metadata := map[string]string{}
	for name, values := range header {
		if rest, ok := strings.CutPrefix(strings.ToLower(name), "x-amz-meta-"); ok && len(values) > 0 {
			metadata[rest] = values[0]
		}
	}
	if class := header.Get("X-Amz-Storage-Class"); class != "" {
		metadata["storage-class"] = class
	}
	return body, metadata, nil
}

// s3Error turns the library's error into one with a status.
func s3Error(err error) error {
	r := minio.ErrorResponse{}
	if !errors.As(err, &r) || r.StatusCode == 0 {
		return err
	}
	status := r.StatusCode
	switch r.Code {
	case "SlowDown", "RequestLimitExceeded", "ThrottlingException", "TooManyRequests":
		status = http.StatusServiceUnavailable
	case "RequestTimeout":
		status = http.StatusRequestTimeout
	case "InvalidObjectState":
		return &statusError{status: http.StatusForbidden, text: "the object is in cold storage (Glacier); restore it first"}
	}
	return &statusError{status: status, text: strings.TrimSpace(r.Code + " " + r.Message)}
}
