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

// tokenCache is a least-recently-used cache of verified tokens by their
// SHA-256: the tokens themselves are not kept.
type tokenCache struct {
	maxEntries, maxBytes int

	mu      sync.Mutex
	entries map[[sha256.Size]byte]*list.Element
	recent  list.List // of cached, most recent first
	bytes   int
}

type cached struct {
	sum [sha256.Size]byte
	verified
}

func newTokenCache(entries, bytes int) *tokenCache {
	return &tokenCache{maxEntries: entries, maxBytes: bytes, entries: map[[sha256.Size]byte]*list.Element{}}
}

func (c *tokenCache) get(sum [sha256.Size]byte) (verified, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	e, ok := c.entries[sum]
	if !ok {
		return verified{}, false
	}
	c.recent.MoveToFront(e)
	return e.Value.(cached).verified, true
}

func (c *tokenCache) put(sum [sha256.Size]byte, v verified) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if e, ok := c.entries[sum]; ok {
		c.remove(e)
	}
	c.entries[sum] = c.recent.PushFront(cached{sum, v})
	c.bytes += v.size
	for len(c.entries) > c.maxEntries || c.bytes > c.maxBytes {
		c.remove(c.recent.Back())
	}
}

func (c *tokenCache) drop(sum [sha256.Size]byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if e, ok := c.entries[sum]; ok {
		c.remove(e)
	}
}

func (c *tokenCache) remove(e *list.Element) {
	v := c.recent.Remove(e).(cached)
	delete(c.entries, v.sum)
	c.bytes -= v.size
}
