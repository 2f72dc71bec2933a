package auth

import (
	"container/list"
	"crypto/sha256"
	"sync"
)

const (
	cacheEntries = 10_000
	cacheBytes   = 16 << 20
)

// verified is a token that passed. It holds as long as its provider still
// publishes the very set it was verified with, and its lifetime lasts.
type verified struct {
	identity *Identity
	provider *accepted
	set      *keySet
	lifetime lifetime
	marks    marks
	size     int
}

// tokenCache is a cache of verified tokens by their SHA-256: the tokens
// themselves are not kept. It forgets the oldest that was not used since it was
// last considered: to bring each that is used to the front would cost more than
// to find it.
type tokenCache struct {
	maxEntries, maxBytes int

	mu      sync.Mutex
	entries map[[sha256.Size]byte]*list.Element
	recent  list.List // of *cached, newest first
	bytes   int
}

type cached struct {
	sum [sha256.Size]byte
	*verified
	used bool
}

// sumOf is what a token is found by.
func sumOf(bearer string) [sha256.Size]byte {
	text := append(make([]byte, 0, 2<<10), bearer[:min(len(bearer), maxToken+1)]...) // most fit on the stack
	return sha256.Sum256(text)
}

func newTokenCache(entries, bytes int) *tokenCache {
	return &tokenCache{maxEntries: entries, maxBytes: bytes, entries: map[[sha256.Size]byte]*list.Element{}}
}

func (c *tokenCache) get(sum [sha256.Size]byte) (*verified, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	e, ok := c.entries[sum]
	if !ok {
		return nil, false
	}
	kept := e.Value.(*cached)
	kept.used = true
	return kept.verified, true
}

func (c *tokenCache) put(sum [sha256.Size]byte, v *verified) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if e, ok := c.entries[sum]; ok {
		c.remove(e)
	}
	for c.recent.Len() > 0 && (len(c.entries) >= c.maxEntries || c.bytes+v.size > c.maxBytes) {
		oldest := c.recent.Back()
		if kept := oldest.Value.(*cached); kept.used {
			kept.used = false
			c.recent.MoveToFront(oldest)
		} else {
			c.remove(oldest)
		}
	}
	if c.maxEntries == 0 || v.size > c.maxBytes {
		return
	}
	c.entries[sum] = c.recent.PushFront(&cached{sum: sum, verified: v})
	c.bytes += v.size
}

func (c *tokenCache) drop(sum [sha256.Size]byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if e, ok := c.entries[sum]; ok {
		c.remove(e)
	}
}

func (c *tokenCache) remove(e *list.Element) {
	v := c.recent.Remove(e).(*cached)
	delete(c.entries, v.sum)
	c.bytes -= v.size
}
