package store

import "github.com/epicurve/epicurve/pkg/crash"

// HostKey names the host of a crash or of exposure for counting distinct hosts
// and for matching the two: the host's name, else its machine id, else "" (not
// known, and not counted).
func HostKey(h crash.Host) string {
	if h.Name != "" {
		return h.Name
	}
	if h.ID != "" {
		return "id:" + h.ID
	}
	return ""
}
