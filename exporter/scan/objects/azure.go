package objects

import (
	"cmp"
	"context"
	"encoding/xml"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// azureVersion is the version of the Blob service's REST interface.
const azureVersion = "2021-12-02"

// azureContainer speaks the REST interface of Azure Blob Storage
// (learn.microsoft.com/rest/api/storageservices).
type azureContainer struct {
	client *http.Client
	base   string // https://ACCOUNT.blob.core.windows.net/CONTAINER
	name   string
	prefix string
	sign   signer
}

// openAzure opens azblob://CONTAINER/PREFIX?storage_account=…&endpoint=…. What
// the URL does not say comes from the variables of Azure's tools.
func openAzure(u *url.URL, env func(string) string, transport http.RoundTripper) (bucket, error) {
	q := u.Query()
	conn := connectionString(env("AZURE_STORAGE_CONNECTION_STRING"))
	account := cmp.Or(q.Get("storage_account"), env("AZURE_STORAGE_ACCOUNT"), conn["AccountName"])
	endpoint := cmp.Or(q.Get("endpoint"), env("AZURE_STORAGE_BLOB_ENDPOINT"), conn["BlobEndpoint"])
	if endpoint == "" {
		if account == "" {
			return nil, fmt.Errorf("%s: which storage account? Set AZURE_STORAGE_ACCOUNT or add ?storage_account=NAME", u.Redacted())
		}
		endpoint = "https://" + account + ".blob." + cmp.Or(env("AZURE_STORAGE_DOMAIN_SUFFIX"), conn["EndpointSuffix"], "core.windows.net")
	}
	if e, err := url.Parse(endpoint); err != nil || e.Host == "" {
		return nil, fmt.Errorf("azure endpoint %q: want https://HOST", endpoint)
	}
	client := &http.Client{Transport: transport}
	sign, err := azureSigner(account, q.Get("anonymous") == "true", conn, env)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", u.Redacted(), err)
	}
	return &azureContainer{
		client: client, base: strings.TrimSuffix(endpoint, "/") + "/" + url.PathEscape(u.Host),
		name: u.Host, prefix: strings.TrimPrefix(u.Path, "/"), sign: sign,
	}, nil
}

// connectionString reads "Name=value;Name=value".
func connectionString(text string) map[string]string {
	parts := make(map[string]string)
	for pair := range strings.SplitSeq(text, ";") {
		if name, value, ok := strings.Cut(pair, "="); ok {
			parts[strings.TrimSpace(name)] = value
		}
	}
	return parts
}

// azurePage is the answer to a listing.
type azurePage struct {
	Blobs struct {
		Blob []struct {
			Name       string
			Properties struct {
				Modified string `xml:"Last-Modified"`
				Etag     string
				Length   int64 `xml:"Content-Length"`
			}
			Metadata azureMetadata
		}
	}
	NextMarker string
}

// azureMetadata are elements named by the metadata's names.
type azureMetadata struct {
	Items []struct {
		XMLName xml.Name
		Value   string `xml:",chardata"`
	} `xml:",any"`
}

func (m azureMetadata) all() map[string]string {
	out := make(map[string]string, len(m.Items))
	for _, i := range m.Items {
		out[i.XMLName.Local] = i.Value
	}
	return lower(out)
}

func (c *azureContainer) page(ctx context.Context, token string) ([]Object, string, error) {
	q := url.Values{"restype": {"container"}, "comp": {"list"}, "include": {"metadata"}, "maxresults": {"1000"}}
	if c.prefix != "" {
		q.Set("prefix", c.prefix)
	}
	if token != "" {
		q.Set("marker", token)
	}
	resp, err := c.request(ctx, c.base+"?"+q.Encode(), nil)
	if err != nil {
		return nil, "", err
	}
	defer resp.Body.Close()
	var page azurePage
	if err := xml.NewDecoder(io.LimitReader(resp.Body, maxListing)).Decode(&page); err != nil {
		return nil, "", fmt.Errorf("listing: %w", err)
	}
	objects := make([]Object, 0, len(page.Blobs.Blob))
	for _, b := range page.Blobs.Blob {
		modified, err := time.Parse(time.RFC1123, b.Properties.Modified)
		if err != nil {
			return nil, "", fmt.Errorf("listing: blob %q: %w", b.Name, err)
		}
		objects = append(objects, Object{
			URL: "azblob://" + c.name + "/" + b.Name, Key: b.Name, Size: b.Properties.Length,
			Modified: modified, Tag: b.Properties.Etag, Metadata: b.Metadata.all(),
		})
	}
	return objects, page.NextMarker, nil
}

func (c *azureContainer) get(ctx context.Context, o Object, off, n int64) (io.ReadCloser, map[string]string, error) {
	resp, err := c.request(ctx, c.base+"/"+(&url.URL{Path: o.Key}).EscapedPath(), func(r *http.Request) {
		r.Header.Set("X-Ms-Range", byteRange(off, n))
		if o.Tag != "" {
			r.Header.Set("If-Match", o.Tag)
		}
	})
	if err != nil {
		return nil, nil, err
	}
	if err := checkRange(resp, off); err != nil {
		return nil, nil, err
	}
	return resp.Body, o.Metadata, nil
}

func (c *azureContainer) request(ctx context.Context, to string, prepare func(*http.Request)) (*http.Response, error) {
	return request(ctx, c.client, to, func(r *http.Request) error {
		r.Header.Set("X-Ms-Version", azureVersion)
		r.Header.Set("X-Ms-Date", time.Now().UTC().Format(http.TimeFormat))
		if prepare != nil {
			prepare(r)
		}
		return c.sign(r)
	})
}
