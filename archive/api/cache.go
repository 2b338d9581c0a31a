package api

import (
	"container/list"
	"encoding/json"
	"sync"
	"time"

	"github.com/epicurve/epicurve/pkg/query"
)

// Bounds of the cache of answers.
const (
	cacheBytes   = 32 << 20         // of all answers
	cacheAnswer  = 1 << 20          // of one; larger ones are not kept
	cacheFor     = 30 * time.Second // an answer with statistics in it depends on the time
	cacheMinimum = 512              // bytes that an entry counts at least
)

// cache keeps answers while the data that they were made of stays the same: the
// panels of a dashboard that several people look at ask the same again and again.
type cache struct {
	mu     sync.Mutex
	order  *list.List // of *kept, most recently used first
	by     map[string]*list.Element
	bytes  int
	longer time.Duration // 0 keeps nothing
}

// kept is one answer.
type kept struct {
	key     string
	version int64
	at      time.Time
	body    []byte
}

func newCache(longer time.Duration) *cache {
	return &cache{order: list.New(), by: make(map[string]*list.Element), longer: longer}
}

// cacheKey names a question of a tenant.
func cacheKey(tenant string, req query.Request) string {
	b, err := json.Marshal(req)
	if err != nil {
		return ""
	}
	return tenant + "\x00" + string(b)
}

// find returns an answer that was made of a version of the data.
func (c *cache) find(key string, version int64, now time.Time) (body []byte, age time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	at := c.by[key]
	if at == nil {
		return nil, 0
	}
	k := at.Value.(*kept)
	if age = now.Sub(k.at); k.version != version || age < 0 || age > c.longer {
		c.drop(at)
		return nil, 0
	}
	c.order.MoveToFront(at)
	return k.body, age
}

// keep keeps an answer, and forgets those not used for longest.
func (c *cache) keep(k *kept) {
	if len(k.body) > cacheAnswer || c.longer == 0 {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if old := c.by[k.key]; old != nil {
		c.drop(old)
	}
	c.by[k.key] = c.order.PushFront(k)
	c.bytes += k.size()
	for c.bytes > cacheBytes {
		c.drop(c.order.Back())
	}
}

func (k *kept) size() int { return max(cacheMinimum, len(k.key)+len(k.body)) }

func (c *cache) drop(at *list.Element) {
	k := c.order.Remove(at).(*kept)
	delete(c.by, k.key)
	c.bytes -= k.size()
}
