package scanning

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"github.com/minio/minio-go/v7"

	"github.com/epicurve/epicurve/build/s3server"
)

// peerSample is how many cores the peer reads; the rest is extrapolated.
const peerSample = 12

// ofPeer measures what people do without a scan: a loop that downloads whole
// cores and runs gdb on each, one after the other.
func (b Bench) ofPeer(ctx context.Context, endpoint string, scanned time.Duration, table io.Writer) error {
	gdb, err := exec.LookPath("gdb")
	if err != nil {
		row(table, "peer: gdb is not installed", "", "", true)
		return nil
	}
	client, err := s3server.Client(endpoint)
	if err != nil {
		return err
	}
	objects, err := client.ListObjectsV2("cores", "", "", "", "", peerSample)
	if err != nil {
		return fmt.Errorf("peer: list: %w", err)
	}
	began, size := time.Now(), int64(0)
	for _, o := range objects.Contents {
		path := filepath.Join(b.Dir, "peer.core")
		n, err := download(ctx, client, o.Key, path)
		if err != nil {
			return err
		}
		size += n
		cmd := exec.CommandContext(ctx, gdb, "-batch", "-nx", "-ex", "info registers", "-ex", "bt", "-c", path)
		if out, err := cmd.CombinedOutput(); err != nil && len(out) == 0 {
			return fmt.Errorf("peer: gdb: %w", err)
		}
	}
	took := time.Since(began)
	all := time.Duration(float64(took) / float64(len(objects.Contents)) * float64(b.Objects))
	row(table, fmt.Sprintf("  peer: download whole, then gdb, %d cores (%d MiB)", len(objects.Contents), size>>20),
		fmt.Sprintf("%s; of all, extrapolated, %s: %.0f times the scan", took.Round(time.Millisecond), all.Round(time.Minute), all.Seconds()/scanned.Seconds()), "", true)
	return os.Remove(filepath.Join(b.Dir, "peer.core"))
}

func download(ctx context.Context, client *minio.Core, key, path string) (n int64, err error) {
	body, _, _, err := client.GetObject(ctx, "cores", key, minio.GetObjectOptions{})
	if err != nil {
		return 0, fmt.Errorf("peer: %s: %w", key, err)
	}
	defer body.Close()
	f, err := os.Create(path)
	if err != nil {
		return 0, err
	}
	n, err = io.Copy(f, body)
	if cerr := f.Close(); err == nil {
		err = cerr
	}
	return n, err
}
