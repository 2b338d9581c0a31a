// Package s3server runs a real S3 server on loopback for tests and benchmarks:
// versitygw, pinned in tools/s3/go.mod, over a directory, whose folders are the
// buckets. A proxy in front of it adds what loopback lacks: latency and faults.
package s3server

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"
)

// What the server is told, and the environment of its clients.
const (
	accessKey = "epicurve"
	secretKey = "epicurve-secret"
	region    = "eu-central-1"
)

// Server is a running server.
type Server struct {
	// Endpoint is its URL.
	Endpoint string
	cmd      *exec.Cmd
	done     chan error
}

// Start starts a server over dir; root is the folder of go.mod. The first start
// on a machine compiles it, which takes minutes.
func Start(ctx context.Context, root, dir string, log io.Writer) (*Server, error) {
	binary, err := locate(ctx, root, log)
	if err != nil {
		return nil, err
	}
	addr, err := freeAddress()
	if err != nil {
		return nil, err
	}
	iam := filepath.Join(filepath.Dir(dir), "iam")
	if err := os.MkdirAll(iam, 0o700); err != nil {
		return nil, fmt.Errorf("s3 server: %w", err)
	}
	s := &Server{Endpoint: "http://" + addr, done: make(chan error, 1)}
	s.cmd = exec.CommandContext(context.WithoutCancel(ctx), binary, "--port", addr, "--access", accessKey, "--secret", secretKey,
		"--region", region, "--iam-dir", iam, "--quiet", "--keep-alive", "posix", dir)
	s.cmd.Stdout, s.cmd.Stderr = log, log
	if err := s.cmd.Start(); err != nil {
		return nil, fmt.Errorf("s3 server: %w", err)
	}
	go func() { s.done <- s.cmd.Wait() }()
	if err := s.await(ctx, addr); err != nil {
		return nil, errors.Join(err, s.Stop())
	}
	return s, nil
}

// locate builds the server unless the build cache has it, and returns its path.
func locate(ctx context.Context, root string, log io.Writer) (string, error) {
	cmd := exec.CommandContext(ctx, "go", "tool", "-modfile=tools/s3/go.mod", "-n", "versitygw")
	cmd.Dir, cmd.Stderr = root, log
	out, err := cmd.Output()
	lines := strings.Fields(string(out))
	if err != nil || len(lines) == 0 {
		return "", fmt.Errorf("build the S3 server versitygw: %w", errors.Join(err, errNoPath))
	}
	return lines[len(lines)-1], nil
}

var errNoPath = errors.New("go tool names no binary")

func (s *Server) await(ctx context.Context, addr string) error {
	for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		conn, err := net.DialTimeout("tcp", addr, time.Second)
		if err == nil {
			return conn.Close()
		}
		select {
		case ended := <-s.done:
			s.done <- ended
			return fmt.Errorf("s3 server ended at its start: %w", ended)
		case <-ctx.Done():
			return ctx.Err()
		default:
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("s3 server does not answer at %s: %w", addr, err)
		}
	}
}

// Stop ends the server.
func (s *Server) Stop() error {
	if err := s.cmd.Process.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	<-s.done //nolint:errcheck // it was killed
	return nil
}

// Env is the environment that clients of the server at endpoint need.
func Env(endpoint string) []string {
	return []string{
		"AWS_ENDPOINT_URL=" + endpoint, "AWS_ACCESS_KEY_ID=" + accessKey, "AWS_SECRET_ACCESS_KEY=" + secretKey, "AWS_REGION=" + region,
	}
}

func freeAddress() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", fmt.Errorf("find a free port: %w", err)
	}
	return l.Addr().String(), l.Close()
}

// Client returns a client of the server at endpoint.
func Client(endpoint string) (*minio.Core, error) {
	u, err := url.Parse(endpoint)
	if err != nil {
		return nil, err
	}
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.MaxIdleConns, transport.MaxIdleConnsPerHost = 512, 512
	return minio.NewCore(u.Host, &minio.Options{Creds: credentials.NewStaticV4(accessKey, secretKey, ""), Region: region, Transport: transport})
}
