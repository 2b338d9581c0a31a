package objects

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"golang.org/x/oauth2"
	"golang.org/x/oauth2/google"
)

// gcsBucket speaks the JSON interface of Google Cloud Storage
// (cloud.google.com/storage/docs/json_api/v1). Google's own library brings gRPC,
// which alone would double the exporter's size.
type gcsBucket struct {
	client *http.Client
	base   string // https://storage.googleapis.com
	name   string
	prefix string
}

const gcsScope = "https://www.googleapis.com/auth/devstorage.read_only"

// openGCS opens gs://BUCKET/PREFIX?anonymous=true. Credentials are Google's
// application default credentials: GOOGLE_APPLICATION_CREDENTIALS, gcloud's own,
// or the service account of the machine or pod.
func openGCS(u *url.URL, env func(string) string, transport http.RoundTripper) (bucket, error) {
	b := &gcsBucket{
		client: &http.Client{Transport: transport}, base: "https://storage.googleapis.com",
		name: u.Host, prefix: strings.TrimPrefix(u.Path, "/"),
	}
	endpoint := cmp.Or(u.Query().Get("endpoint"), env("STORAGE_EMULATOR_HOST"))
	if endpoint != "" {
		if !strings.Contains(endpoint, "://") {
			endpoint = "http://" + endpoint
		}
		b.base = strings.TrimSuffix(endpoint, "/")
	}
	if u.Query().Get("anonymous") == "true" || env("STORAGE_EMULATOR_HOST") != "" {
		return b, nil
	}
	// The context serves the requests for tokens, for as long as there are any.
	ctx := context.WithValue(context.Background(), oauth2.HTTPClient, &http.Client{Timeout: 30 * time.Second})
	tokens, err := google.DefaultTokenSource(ctx, gcsScope)
	if err != nil {
		return nil, fmt.Errorf("%s: no credentials (for a public bucket add ?anonymous=true): %w", u.Redacted(), err)
	}
	b.client.Transport = &oauth2.Transport{Source: tokens, Base: transport}
	return b, nil
}

// gcsPage is the answer to a listing.
type gcsPage struct {
	Items []struct {
		Name       string            `json:"name"`
		Size       int64             `json:"size,string"`
		Updated    time.Time         `json:"updated"`
		Generation string            `json:"generation"`
		Metadata   map[string]string `json:"metadata"`
	} `json:"items"`
	Next string `json:"nextPageToken"`
}

func (b *gcsBucket) page(ctx context.Context, token string) ([]Object, string, error) {
	q := url.Values{"maxResults": {"1000"}, "fields": {"items(name,size,updated,generation,metadata),nextPageToken"}}
	if b.prefix != "" {
		q.Set("prefix", b.prefix)
	}
	if token != "" {
		q.Set("pageToken", token)
	}
	resp, err := request(ctx, b.client, b.base+"/storage/v1/b/"+url.PathEscape(b.name)+"/o?"+q.Encode(), unprepared)
	if err != nil {
		return nil, "", err
	}
	defer resp.Body.Close()
	var page gcsPage
	if err := json.NewDecoder(io.LimitReader(resp.Body, maxListing)).Decode(&page); err != nil {
		return nil, "", fmt.Errorf("listing: %w", err)
	}
	objects := make([]Object, 0, len(page.Items))
	for _, i := range page.Items {
		if strings.HasSuffix(i.Name, "/") && i.Size == 0 {
			continue // a folder, as consoles make them
		}
		objects = append(objects, Object{
			URL: "gs://" + b.name + "/" + i.Name, Key: i.Name, Size: i.Size, Modified: i.Updated, Tag: i.Generation, Metadata: lower(i.Metadata),
		})
	}
	return objects, page.Next, nil
}

func (b *gcsBucket) get(ctx context.Context, o Object, off, n int64) (io.ReadCloser, map[string]string, error) {
	q := url.Values{"alt": {"media"}}
	if o.Tag != "" {
		q.Set("generation", o.Tag)
	}
	resp, err := request(ctx, b.client, b.base+"/storage/v1/b/"+url.PathEscape(b.name)+"/o/"+url.PathEscape(o.Key)+"?"+q.Encode(), func(r *http.Request) error {
		r.Header.Set("Range", byteRange(off, n))
		r.Header.Set("Accept-Encoding", "gzip") // as it is stored, not unpacked by the server
		return nil
	})
	if err != nil {
		return nil, nil, err
	}
	if err := checkRange(resp, off); err != nil {
		return nil, nil, err
	}
	return resp.Body, o.Metadata, nil
}

func unprepared(*http.Request) error { return nil }
