package pipeline

import (
	"encoding/binary"

	"github.com/epicurve/epicurve/pkg/crash"
)

// joinID names a crash by what both its core and the kernel log know: the boot,
// the crashing thread and its registers. It is the id of a crash that only the
// log told of, and is remembered beside the id of a crash that a core told of,
// so that either finds that the other was counted.
func joinID(boot string, tid int64, pc, sp uint64) crash.ID {
	h := crash.NewHasher("kernel_log")
	h.Add("boot", []byte(boot))
	var b [24]byte
	binary.BigEndian.PutUint64(b[0:], uint64(tid)) //nolint:gosec // only told apart
	binary.BigEndian.PutUint64(b[8:], pc)
	binary.BigEndian.PutUint64(b[16:], sp)
	h.Add("thread", b[:])
	return h.ID()
}

// joinIDs returns the join ids of a record: of the thread id that the core
// knows, and of the pid, which for a process of one thread is the same. In a
// container a core knows the ids of the container's pid namespace only; the pid
// is then that of the host where the core's name tells it (%P).
func joinIDs(r *crash.Record) []crash.ID {
	if r.Source != crash.SourceCore || r.Host.BootID == "" || !r.Fault.PC.Known || !r.Fault.SP.Known {
		return nil
	}
	var ids []crash.ID
	for _, tid := range []crash.Optional[int64]{r.Fault.ThreadID, r.Process.PID} {
		if tid.Known && tid.Value > 0 {
			id := joinID(r.Host.BootID, tid.Value, r.Fault.PC.Value, r.Fault.SP.Value)
			if len(ids) == 0 || ids[0] != id {
				ids = append(ids, id)
			}
		}
	}
	return ids
}
