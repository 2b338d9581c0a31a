package scanning

import (
	"context"
	"fmt"
	"io"
	"sync"
	"sync/atomic"
	"time"

	"github.com/minio/minio-go/v7"

	"github.com/epicurve/epicurve/build/s3server"
)

// bareRequests is how many requests the bare client makes.
const bareRequests = 3000

// bare measures how many ranged requests a second the store serves to a client
// that does nothing else, with as many under way as the scan has.
func (b Bench) bare(ctx context.Context, endpoint string) (perSecond float64, err error) {
	client, err := s3server.Client(endpoint)
	if err != nil {
		return 0, err
	}
	objects, err := client.ListObjectsV2("cores", "", "", "", "", 500)
	if err != nil || len(objects.Contents) == 0 {
		return 0, fmt.Errorf("bare client: list: %w", err)
	}
	var next atomic.Int64
	var failed atomic.Pointer[error]
	var workers sync.WaitGroup
	began := time.Now()
	for range b.Workers {
		workers.Go(func() {
			for n := next.Add(1); n <= bareRequests; n = next.Add(1) {
				if err := bareRead(ctx, client, objects.Contents[int(n)%len(objects.Contents)].Key); err != nil {
					failed.Store(&err)
					return
				}
			}
		})
	}
	workers.Wait()
	if err := failed.Load(); err != nil {
		return 0, fmt.Errorf("bare client: %w", *err)
	}
	return bareRequests / time.Since(began).Seconds(), nil
}

func bareRead(ctx context.Context, client *minio.Core, key string) error {
	opt := minio.GetObjectOptions{}
	if err := opt.SetRange(0, 8<<10-1); err != nil {
		return err
	}
	body, _, _, err := client.GetObject(ctx, "cores", key, opt)
	if err != nil {
		return err
	}
	defer body.Close()
	_, err = io.Copy(io.Discard, body)
	return err
}
