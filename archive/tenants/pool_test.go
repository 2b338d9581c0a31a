package tenants

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// counted opens tenants and knows which are open.
type counted struct {
	mu     sync.Mutex
	open   map[string]bool
	most   int
	opened int
}

func (c *counted) config(most int) Config[string] {
	c.open = make(map[string]bool)
	return Config[string]{
		Max: most,
		Open: func(_ context.Context, name string) (string, error) {
			c.mu.Lock()
			defer c.mu.Unlock()
			if c.open[name] {
				return "", fmt.Errorf("%s is open already", name)
			}
			c.open[name] = true
			c.opened++
			c.most = max(c.most, len(c.open))
			return name, nil
		},
		Close: func(name string) error {
			c.mu.Lock()
			defer c.mu.Unlock()
			delete(c.open, name)
			return nil
		},
	}
}

func TestLeastUsedMakesRoom(t *testing.T) {
	var c counted
	p := New(c.config(2))
	use := func(name string) func() {
		t.Helper()
		got, done, err := p.Use(t.Context(), name)
		if err != nil || got != name {
			t.Fatalf("%s: %q, %v", name, got, err)
		}
		return done
	}
	use("a")()
	doneB := use("b")
	use("c")() // closes a, the only one that is not in use
	if c.open["a"] || !c.open["b"] || !c.open["c"] {
		t.Errorf("open are %v, want b and c", c.open)
	}
	doneC := use("c")
	if _, _, err := p.Use(t.Context(), "d"); !errors.Is(err, ErrBusy) {
		t.Errorf("a third one beside two in use: %v, want %v", err, ErrBusy)
	}
	p.config.Patience = time.Minute
	waited := make(chan error)
	go func() {
		_, done, err := p.Use(t.Context(), "d")
		if err == nil {
			done()
		}
		waited <- err
	}()
	doneB()
	doneB() // harmless
	if err := <-waited; err != nil {
		t.Errorf("one that waits until b is done with: %v", err)
	}
	use("d")()
	doneC()
	if err := p.Close(); err != nil || len(c.open) != 0 {
		t.Errorf("after Close: %v, %v", c.open, err)
	}
	if _, _, err := p.Use(t.Context(), "a"); !errors.Is(err, ErrClosed) {
		t.Errorf("after Close: %v, want %v", err, ErrClosed)
	}
}

func TestFailureToOpenIsNotKept(t *testing.T) {
	var tries atomic.Int32
	broken := errors.New("disk full")
	p := New(Config[int]{Max: 1, Close: func(int) error { return nil }, Open: func(context.Context, string) (int, error) {
		if tries.Add(1) == 1 {
			return 0, broken
		}
		return 7, nil
	}})
	if _, _, err := p.Use(t.Context(), "a"); !errors.Is(err, broken) {
		t.Fatalf("%v, want %v", err, broken)
	}
	if v, done, err := p.Use(t.Context(), "a"); err != nil || v != 7 {
		t.Fatalf("%d, %v; want a second try", v, err)
	} else {
		done()
	}
	if err := p.Close(); err != nil {
		t.Fatal(err)
	}
}

// TestManyAtOnce uses more tenants than fit from many sides: none is ever open
// twice, and no more than allowed are open.
func TestManyAtOnce(t *testing.T) {
	var c counted
	p := New(c.config(3))
	var wg sync.WaitGroup
	for side := range 8 {
		wg.Go(func() {
			for i := range 300 {
				name := fmt.Sprintf("t%d", (i*7+side)%6)
				got, done, err := p.Use(t.Context(), name)
				if errors.Is(err, ErrBusy) {
					continue
				}
				if err != nil || got != name {
					t.Errorf("%s: %q, %v", name, got, err)
					return
				}
				done()
			}
		})
	}
	wg.Wait()
	if err := p.Close(); err != nil {
		t.Fatal(err)
	}
	if c.most > 3 || c.opened < 6 || len(c.open) != 0 {
		t.Errorf("at most %d open, %d opened, %v left; want at most 3, at least 6, none", c.most, c.opened, c.open)
	}
}
