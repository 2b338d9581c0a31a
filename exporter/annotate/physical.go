package annotate

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
)

// The key-value pool in which Hyper-V, and so Azure, tells a guest about its
// host: records of a key of 512 bytes and a value of 2048, padded with zeros
// (tools/hv/hv_kvp_daemon.c; include/uapi/linux/hyperv.h,
// HV_KVP_EXCHANGE_MAX_KEY_SIZE and _VALUE_SIZE). Pool 3 is written by the host.
const (
	kvpKeySize   = 512
	kvpValueSize = 2048
	kvpPool      = "lib/hyperv/.kvp_pool_3"
	maxKVP       = 256
)

// kvpHostKeys name the physical host, the best first.
var kvpHostKeys = []string{"PhysicalHostNameFullyQualified", "PhysicalHostName"}

// PhysicalHost returns the name of the machine under this virtual machine: the
// first line of a file when one is given, else what Hyper-V tells; "" when
// nobody does.
func PhysicalHost(roots Roots, file string) string {
	if file != "" {
		return firstLine(file)
	}
	f, err := os.Open(filepath.Join(roots.withDefaults().Var, kvpPool))
	if err != nil {
		return ""
	}
	defer f.Close()
	pool := make(map[string]string)
	record := make([]byte, kvpKeySize+kvpValueSize)
	for range maxKVP {
		if _, err := io.ReadFull(f, record); err != nil {
			break
		}
		pool[cstring(record[:kvpKeySize])] = cstring(record[kvpKeySize:])
	}
	for _, key := range kvpHostKeys {
		if v := pool[key]; v != "" {
			return v
		}
	}
	return ""
}

func cstring(b []byte) string {
	text, _, _ := bytes.Cut(b, []byte{0})
	return string(text)
}
