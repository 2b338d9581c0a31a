package api

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"

	"github.com/epicurve/epicurve/archive/store"
)

// BackedUp answers POST /api/v1/admin/backup.
type BackedUp struct {
	File  string `json:"file" doc:"Name of the new file in the backup directory."`
	Bytes int64  `json:"bytes"`
}

// serveBackup writes a copy of the store into the backup directory, which only
// the operator chooses; ingest and questions go on meanwhile.
func (a *API) serveBackup(w http.ResponseWriter, r *http.Request) error {
	m, ok := a.tenant(r.Context()).Store.(store.Maintainer)
	if !ok {
		return fmt.Errorf("backup: %w", store.ErrUnsupported)
	}
	if a.BackupDir == "" {
		return refuse(http.StatusConflict, "the archive has no backup directory; start it with --backup.dir")
	}
	if !a.backing.TryLock() {
		return refuse(http.StatusConflict, "a backup is under way")
	}
	defer a.backing.Unlock()
	dir := a.BackupDir
	if tenant := a.tenant(r.Context()).name; tenant != "" {
		dir = filepath.Join(dir, "tenants", tenant)
		if err := os.MkdirAll(dir, 0o750); err != nil {
			return fmt.Errorf("backup: %w", err)
		}
	}
	name := "archive-" + a.now().UTC().Format("20060102T150405.000Z") + ".duckdb"
	path := filepath.Join(dir, name)
	if err := m.Backup(r.Context(), path); err != nil {
		return err
	}
	fi, err := os.Stat(path)
	if err != nil {
		return err
	}
	a.audit(r.Context(), "backup written", "file", path, "bytes", fi.Size())
	return writeJSON(w, BackedUp{File: name, Bytes: fi.Size()})
}
