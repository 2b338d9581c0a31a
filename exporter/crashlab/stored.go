package crashlab

import (
	"embed"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"strings"
)

//go:embed stored
var stored embed.FS

// Core is a core file together with the mode that made it.
type Core struct {
	Mode Mode
	Path string
}

// Stored puts one core of each of the demo's modes into destDir, which must
// exist. They are real, made by this package on another day, and compressed
// with zstd; the names are core.MODE.zst. Each appears complete, by a rename.
func Stored(destDir string) ([]Core, error) {
	var cores []Core
	for _, m := range Demo() {
		b, err := stored.ReadFile(path.Join("stored", m.Name+".core.zst"))
		if err != nil {
			return nil, fmt.Errorf("stored core: %w", err)
		}
		to := filepath.Join(destDir, "core."+m.Name+".zst")
		part := filepath.Join(destDir, "."+filepath.Base(to)+".part")
		if err := copyTo(part, strings.NewReader(string(b))); err != nil {
			return nil, fmt.Errorf("stored core: %w", err)
		}
		if err := os.Rename(part, to); err != nil {
			return nil, fmt.Errorf("stored core: %w", err)
		}
		cores = append(cores, Core{Mode: m, Path: to})
	}
	return cores, nil
}
