package corefile_test

import (
	"encoding/binary"
	"testing"

	"github.com/epicurve/epicurve/pkg/corefile"
	"github.com/epicurve/epicurve/pkg/coretest"
)

// TestBuildID reads the executable's build id from its header page, as linkers
// leave it there, and none where the page does not hold one.
func TestBuildID(t *testing.T) {
	le := binary.LittleEndian
	tests := []struct {
		name  string
		alter func(page []byte)
		want  string
	}{
		{"PT_NOTE", func([]byte) {}, "abcd0102"},
		{"not covered by a PT_NOTE, as Go links it", func(p []byte) { le.PutUint64(p[64+32:], 0) }, "abcd0102"},
		{"PT_NOTE behind the page", func(p []byte) { le.PutUint64(p[64+8:], 0x4000); le.PutUint32(p[0x200+12:], 0) }, ""},
		{"PT_NOTE over the end of the page", func(p []byte) { le.PutUint64(p[64+8:], 4090); le.PutUint32(p[0x200+12:], 0) }, ""},
		{"no ELF magic", func(p []byte) { p[0] = 0 }, ""},
		{"other class", func(p []byte) { p[4] = 1 }, ""},
		{"empty id", func(p []byte) { le.PutUint32(p[0x200+4:], 0) }, ""},
		{"id of 4 GiB", func(p []byte) { le.PutUint32(p[0x200+4:], 0xffffffff) }, ""},
		{"other note", func(p []byte) { le.PutUint32(p[0x200+8:], 1) }, ""},
		{"program headers behind the page", func(p []byte) { le.PutUint64(p[32:], 1<<40) }, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := ports[0].core(t)
			tt.alter(c.Segments[0].Data)
			img := coretest.Must(c)
			f, err := corefile.Read(img, img.Size(), corefile.Options{})
			if err != nil {
				t.Fatal(err)
			}
			if f.ExecutableBuildID != tt.want || f.BuildIDAt(0x401000) != tt.want {
				t.Errorf("build id %q, want %q", f.ExecutableBuildID, tt.want)
			}
		})
	}
}
