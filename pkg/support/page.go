package support

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"time"
)

// pageTimeout bounds the answer of a running program.
const pageTimeout = 30 * time.Second

// Page collects a page of a running program, whatever its status. token is a
// bearer token, "" for none.
func Page(url, token string) func(context.Context) ([]byte, error) {
	return func(ctx context.Context) ([]byte, error) {
		ctx, cancel := context.WithTimeout(ctx, pageTimeout)
		defer cancel()
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
		if err != nil {
			return nil, fmt.Errorf("page: %w", err)
		}
		if token != "" {
			req.Header.Set("Authorization", "Bearer "+token)
		}
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			return nil, fmt.Errorf("page: %w", err)
		}
		defer resp.Body.Close()
		body, err := io.ReadAll(io.LimitReader(resp.Body, MaxPart+1))
		if err != nil {
			return nil, fmt.Errorf("page %s: %w", url, err)
		}
		if resp.StatusCode != http.StatusOK {
			body = append([]byte("HTTP status "+resp.Status+"\n"), body...)
		}
		return body, nil
	}
}
