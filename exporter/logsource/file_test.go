package logsource

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

func TestFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "app.log")
	add := func(text string) {
		t.Helper()
		f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		if _, err := f.WriteString(text); err != nil {
			t.Fatal(err)
		}
	}
	add("before the start\n")
	var mu sync.Mutex
	var got []string
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	opened := make(chan struct{}, 1)
	f := &File{Name: "app", Path: path, Poll: time.Millisecond, Logger: slog.New(slog.DiscardHandler)}
	go func() {
		defer close(ended)
		f.Run(ctx, func(l Line) {
			mu.Lock()
			defer mu.Unlock()
			got = append(got, l.Text)
			select {
			case opened <- struct{}{}:
			default:
			}
		})
	}()
	want := func(n int, last string) {
		t.Helper()
		for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); time.Sleep(time.Millisecond) {
			mu.Lock()
			ok := len(got) >= n && strings.HasPrefix(got[len(got)-1], last)
			mu.Unlock()
			if ok {
				return
			}
		}
		mu.Lock()
		defer mu.Unlock()
		t.Fatalf("got %.200q, want %d lines, the last %.40q", got, n, last)
	}
	// The follower may not have opened the file yet: speak until it hears.
	for heard := false; !heard; {
		add("hello\n")
		select {
		case <-opened:
			heard = true
		case <-time.After(5 * time.Millisecond):
		}
	}
	mu.Lock()
	got = nil
	mu.Unlock()
	add("deploy of ")
	add("web 1.2\r\n")
	want(1, "deploy of web 1.2")

	if err := os.Rename(path, path+".1"); err != nil { // rotation
		t.Fatal(err)
	}
	add("after rotation\n")
	want(2, "after rotation")

	if err := os.Truncate(path, 0); err != nil {
		t.Fatal(err)
	}
	add("cut\n")
	want(3, "cut")

	add(strings.Repeat("x", 10*maxLine) + "\n")
	want(4, "xxx")
	cancel()
	<-ended
	mu.Lock()
	defer mu.Unlock()
	if n := len(got[len(got)-1]); n != maxLine {
		t.Errorf("a line of %d bytes, want it cut to %d", n, maxLine)
	}
	if strings.Contains(fmt.Sprint(got), "before the start") {
		t.Error("lines from before the start are no news")
	}
}
