package open

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/epicurve/epicurve/archive/store"
	"github.com/epicurve/epicurve/archive/store/clickhouse/servertest"
	"github.com/epicurve/epicurve/pkg/crash"
)

// TestClickHouseTenantsAreApart opens an archive and two tenants of it on one
// server: none sees what another has.
func TestClickHouseTenantsAreApart(t *testing.T) {
	servertest.Require(t)
	server, err := servertest.Start(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(server.Kill)
	ctx := context.Background()
	storage := "clickhouse://" + server.Address() + "/archive?pause=1ms"
	r := crash.Record{ID: crash.ID{1}, Time: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC), SchemaVersion: 1, Finding: crash.Finding{Class: crash.Other, Kind: crash.KindAbort}}
	for i, name := range []string{"", "blue", "green_2"} {
		var s store.Store
		if name == "" {
			s, err = Store(ctx, storage)
		} else {
			s, err = Tenant(ctx, storage, name, "128MB")
		}
		if err != nil {
			t.Fatal(err)
		}
		r.ID[1] = byte(i)
		for range 2 {
			if _, err := s.Append(ctx, []crash.Record{r}); err != nil {
				t.Fatal(err)
			}
		}
		if st, err := s.Stats(ctx); err != nil || st.Records != 1 {
			t.Errorf("tenant %q: %+v, %v; want one record", name, st, err)
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
	if _, err := Store(ctx, "clickhouse://ann:secret@"+server.Address()+"/archive"); err == nil || strings.Contains(err.Error(), "secret") {
		t.Errorf("a password in the URL: %v", err)
	}
	if got, err := server.Query("SELECT name FROM system.databases WHERE name LIKE 'archive%' ORDER BY name"); err != nil || strings.Join(strings.Fields(got), " ") != "archive archive_t_blue archive_t_green_2" {
		t.Errorf("databases %q, %v", got, err)
	}
}
