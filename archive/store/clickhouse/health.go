package clickhouse

import (
	"context"
	"fmt"
	"sync"
	"time"
)

// health is what the replicas of a cluster say about themselves. A replica that
// came back lacks what it missed until it has caught up, and a record that was
// acknowledged by a replica in its last moment is not on the others.
type health struct {
	mu      sync.Mutex
	at      time.Time
	notices []string
	behind  bool
}

// check asks the cluster, unless another question did since this one began. A
// replica counts as behind from a second on; less is the ordinary delay of
// replication.
func (h *health) check(ctx context.Context, r *reading) (behind bool, notices []string, err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.at.After(r.began) {
		return h.behind, h.notices, nil
	}
	var readonly, delay, missing int64
	q := "SELECT toInt64(max(is_readonly)), toInt64(max(absolute_delay)), toInt64(max(total_replicas - active_replicas)) FROM cluster(" +
		quote(r.s.opt.Cluster) + ", system.replicas) WHERE database = " + quote(r.s.opt.Database) + " AND table = " + quote(local(tableCrashes))
	err = r.rows(ctx, q, func(d *rowDecoder) { readonly, delay, missing = d.int64(), d.int64(), d.int64() })
	if r.partial || code(err) == codeNoColumns {
		return true, []string{partialNotice}, nil // a shard went away just now
	}
	if err != nil {
		return false, nil, err
	}
	h.at, h.behind, h.notices = time.Now(), readonly > 0 || delay > 0, nil
	if h.behind {
		h.notices = append(h.notices, "A replica of the ClickHouse cluster is catching up; the newest crashes may be missing here.")
	}
	if missing > 0 {
		h.notices = append(h.notices, fmt.Sprintf("%d replicas of a shard of the ClickHouse cluster are away; crashes that only they had taken are missing here until they are back.", missing))
	}
	return h.behind, h.notices, nil
}
