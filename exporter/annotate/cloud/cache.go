package cloud

import (
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"slices"
)

// cached is the form of the cache file. An answer of another boot is not
// believed: a machine that was stopped may stand elsewhere now.
type cached struct {
	BootID   string `json:"bootId"`
	Provider string `json:"provider"` // whom to ask
	Place    Place  `json:"place"`
}

// providerOf maps the provider of a place to whom to ask.
var providerOf = map[string]string{"aws": AWS, "gcp": GCE, "azure": Azure}

func (f *Finder) load() (Place, bool) {
	if f.cfg.Cache == "" || f.cfg.BootID == "" {
		return Place{}, false
	}
	file, err := os.Open(f.cfg.Cache)
	if err != nil {
		return Place{}, false
	}
	defer file.Close()
	var c cached
	if json.NewDecoder(io.LimitReader(file, maxAnswer)).Decode(&c) != nil || c.BootID != f.cfg.BootID {
		return Place{}, false
	}
	if !slices.Contains(f.ask, c.Provider) || c.Place.check() != nil {
		return Place{}, false
	}
	return c.Place, true
}

// save keeps the answer for a restart. Without it a restart asks again.
func (f *Finder) save(p Place) {
	if f.cfg.Cache == "" || f.cfg.BootID == "" {
		return
	}
	text, err := json.Marshal(cached{f.cfg.BootID, providerOf[p.Provider], p})
	if err == nil {
		err = replace(f.cfg.Cache, append(text, '\n'))
	}
	if err != nil {
		f.cfg.Logger.Warn("Cannot keep what the cloud tells for a restart", "err", err)
	}
}

// replace writes a file aside and renames it, so that no reader sees a part.
func replace(path string, content []byte) error {
	tmp := path + ".new"
	if err := os.WriteFile(tmp, content, 0o640); err != nil { //nolint:gosec // no secret; the group may read the state
		return err
	}
	return os.Rename(tmp, filepath.Clean(path))
}
