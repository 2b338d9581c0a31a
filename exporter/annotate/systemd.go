package annotate

import (
	"regexp"
	"strconv"
	"strings"
	"time"
)

// systemdName is how systemd-coredump names cores (make_filename in
// src/coredump/coredump-submit.c): core.COMM.UID.BOOTID.PID.TIME with the time
// in microseconds since the epoch and "." or "/" within COMM written as \x2e
// and so on.
var systemdName = regexp.MustCompile(`^core\.([^.]*)\.(\d+)\.([0-9a-f]{32})\.(\d+)\.(\d+)` + compressedSuffix + `$`)

// MatchSystemd reads the name of a core that systemd-coredump stored.
func MatchSystemd(name string) (n CoreName, ok bool) {
	m := systemdName.FindStringSubmatch(name)
	if m == nil {
		return CoreName{}, false
	}
	n = CoreName{Exe: unescape(m[1]), UID: m[2], BootID: dashed(m[3]), PID: number(m[4]), HostPID: true}
	if us := number(m[5]); us > 0 {
		n.Time = time.UnixMicro(us).UTC()
	}
	return n, true
}

// unescape reads systemd's \xNN.
func unescape(s string) string {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if strings.HasPrefix(s[i:], `\x`) && len(s) >= i+4 {
			if c, err := strconv.ParseUint(s[i+2:i+4], 16, 8); err == nil {
				b.WriteByte(byte(c))
				i += 3
				continue
			}
		}
		b.WriteByte(s[i])
	}
	return b.String()
}

// dashed gives 32 hex digits the form of /proc/sys/kernel/random/boot_id.
func dashed(id string) string {
	if len(id) != 32 {
		return ""
	}
	return id[:8] + "-" + id[8:12] + "-" + id[12:16] + "-" + id[16:20] + "-" + id[20:]
}
