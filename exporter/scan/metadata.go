package scan

import (
	"maps"
	"slices"

	"github.com/epicurve/epicurve/pkg/crash"
)

// writtenAt are the names under which uploaders keep when a file was written:
// rclone and s3fs, gsutil, s3cmd's successors.
var writtenAt = []string{"mtime", "goog-reserved-file-mtime", "file-mtime"}

// annotateMetadata takes over what a store keeps beside an object: fields by
// their names, and the time of the crash, or of the last write.
func annotateMetadata(r *crash.Record, metadata map[string]string) {
	for _, name := range slices.Sorted(maps.Keys(metadata)) { // so that of two names for one field always the same counts
		if f, ok := fieldNamed(name); ok && metadata[name] != "" {
			*f.String(r) = metadata[name]
		}
	}
	for _, name := range []string{"time", "crash-time", "crash_time", "timestamp"} {
		if t, ok := parseTime(metadata[name]); ok {
			r.Time, r.TimeSource = t, crash.TimeFromObjectMetadata
			return
		}
	}
}

// modified returns when the file was written, by what its uploader noted;
// false where nobody did.
func modified(metadata map[string]string) (t string, ok bool) {
	for _, name := range writtenAt {
		if v := metadata[name]; v != "" {
			return v, true
		}
	}
	return "", false
}
