package main

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/epicurve/epicurve/archive/api"
)

// command runs the archive's command line in this process.
func command(t *testing.T, args ...string) (code int, output string) {
	t.Helper()
	var out bytes.Buffer
	code = run(t.Context(), args, strings.NewReader(""), &out, &out)
	return code, out.String()
}

// TestBackupVerifyRestoreExport goes the whole way of an operator: back up a
// running archive, verify and restore the copy, export it.
func TestBackupVerifyRestoreExport(t *testing.T) {
	dir := t.TempDir()
	db := filepath.Join(dir, "archive.duckdb")
	p := start(t, db, "--backup.dir", dir)
	if ok, err := p.send(batch(0, 0)); !ok {
		t.Fatal(err)
	}
	resp, err := http.Post(p.url+"/api/v1/admin/backup", "", nil)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	var made api.BackedUp
	if err := json.Unmarshal(body, &made); err != nil || resp.StatusCode != http.StatusOK {
		t.Fatalf("backup: %d %s\n%s", resp.StatusCode, body, p.log)
	}
	backup, restored := filepath.Join(dir, made.File), filepath.Join(dir, "restored.duckdb")
	if code, out := command(t, "verify", "--storage", "duckdb:"+backup); code != exitOK || !strings.Contains(out, `"records": 50`) {
		t.Errorf("verify: %d %s", code, out)
	}
	if code, out := command(t, "restore", "--from", backup, "--to", restored); code != exitOK {
		t.Errorf("restore: %d %s", code, out)
	}
	if code, out := command(t, "restore", "--from", backup, "--to", restored); code != exitError || !strings.Contains(out, "exists") {
		t.Errorf("restore over an archive: %d %s", code, out)
	}
	parquet := filepath.Join(dir, "x.parquet")
	if code, out := command(t, "export", "--storage", "duckdb:"+restored, "-o", parquet, "--to", "2027-01-01"); code != exitOK || !strings.Contains(out, "50 crashes") {
		t.Errorf("export: %d %s", code, out)
	}
	if _, err := os.Stat(parquet); err != nil {
		t.Error(err)
	}
}

func TestRetentionDeletesAtStart(t *testing.T) {
	db := filepath.Join(t.TempDir(), "archive.duckdb")
	p := start(t, db)
	old := batch(0, 0)
	for i := range old {
		old[i].Time = time.Now().UTC().Add(-20 * 24 * time.Hour).Truncate(time.Microsecond)
		if i%2 == 0 {
			old[i].Time = old[i].Time.Add(19 * 24 * time.Hour)
		}
	}
	if ok, err := p.send(old); !ok {
		t.Fatal(err)
	}
	p.kill(t)
	p = start(t, db, "--retention.records", "7d")
	deadline := time.Now().Add(30 * time.Second)
	for {
		st, err := p.client.Status(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if st.Records == batchSize/2 {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("%d records are left, want %d\n%s", st.Records, batchSize/2, p.log)
		}
		time.Sleep(10 * time.Millisecond)
	}
}
