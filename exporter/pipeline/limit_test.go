package pipeline

import (
	"testing"
	"time"

	"github.com/epicurve/epicurve/pkg/crash"
)

func TestLimiter(t *testing.T) {
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	l := newLimiter(Limit{Rate: 1, Burst: 3})
	take := func(uid uint32, at time.Time) (n int) {
		for range 10 {
			if l.ready(uid, at) && l.allow(uid, at) {
				n++
			}
		}
		return n
	}
	for _, tc := range []struct {
		name string
		uid  uint32
		at   time.Duration
		want int
	}{
		{"a burst", 1000, 0, 3},
		{"nothing left", 1000, 0, 0},
		{"another user is free", 1001, 0, 3},
		{"a second later", 1000, time.Second, 1},
		{"much later, no more than a burst", 1000, time.Hour, 3},
		{"root", 0, 0, 10},
	} {
		if got := take(tc.uid, now.Add(tc.at)); got != tc.want {
			t.Errorf("%s: %d allowed, want %d", tc.name, got, tc.want)
		}
	}
	for uid := range uint32(3 * maxUsers) {
		l.allow(uid+1, now)
	}
	if len(l.buckets) != maxUsers || l.recent.Len() != maxUsers {
		t.Errorf("%d users are remembered, want %d", len(l.buckets), maxUsers)
	}
	if off := newLimiter(Limit{}); !off.allow(1000, now) || len(off.buckets) != 0 {
		t.Error("no limit was configured")
	}
}

func TestGrowingForgets(t *testing.T) {
	var g growing
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	label := Label{Class: crash.Other, Kind: crash.KindNullDeref}
	if !g.set("a", label, now) || g.set("a", label, now) {
		t.Error("want: new once")
	}
	g.set("b", label, now.Add(staleAfter))
	if n := g.counts(now.Add(staleAfter)); len(n) != 1 || n[0].Cores != 2 {
		t.Errorf("%v, want 2", n)
	}
	if n := g.counts(now.Add(staleAfter + time.Second)); len(n) != 1 || n[0].Cores != 1 {
		t.Errorf("%v, want 1: the other was not looked at for a minute", n)
	}
	g.remove("b")
	if n := g.counts(now); len(n) != 0 {
		t.Errorf("%v, want none", n)
	}
}

func TestQuiet(t *testing.T) {
	var q quiet
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	said := 0
	for range 100 {
		if ok, _ := q.speak("empty", now); ok {
			said++
		}
	}
	if said != maxLines {
		t.Errorf("%d lines, want %d", said, maxLines)
	}
	if ok, swallowed := q.speak("empty", now.Add(time.Minute)); !ok || swallowed != 100-maxLines {
		t.Errorf("a minute later: %t, %d swallowed", ok, swallowed)
	}
}
