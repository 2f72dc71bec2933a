package spanner

import (
	"context"
	"sync"
	"time"

	"google.golang.org/grpc"
)

// leaseTime is how long a schema version that was seen to be deployed is taken
// to be so by creates that ask nothing before they write. Every other statement
// checks the version in its own snapshot.
const leaseTime = 10 * time.Second

// lease remembers the newest version seen in the database. A blind create
// cannot carry a condition, so without a fresh lease it runs as a guarded one:
// a server that only creates learns of a deployment within leaseTime.
type lease struct {
	mu      sync.Mutex
	version int64
	at      time.Time
	until   time.Time // a deployment is announced until then: there is no lease
}

// announce takes over that a deployment begins, or with the zero time that it
// is over.
func (l *lease) announce(until time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.until = until
}

// note records that version was deployed at some moment after at.
func (l *lease) note(version int64, at time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if version > l.version || version == l.version && at.After(l.at) {
		l.version, l.at = version, at
	}
}

// holds reports whether version may be taken to be deployed.
func (l *lease) holds(version int64, now time.Time) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return version == l.version && now.Sub(l.at) < leaseTime && !now.Before(l.until)
}

// commitCount is the context key of the number of Commit requests sent.
type commitCount struct{}

// countCommits counts the Commit requests of a context, the client library's
// retries included: only after a retry may a document that already exists be
// the one that the first attempt wrote.
func countCommits(ctx context.Context, method string, req, reply any, cc *grpc.ClientConn, invoke grpc.UnaryInvoker, opts ...grpc.CallOption) error {
	if n, ok := ctx.Value(commitCount{}).(*int); ok && method == "/google.spanner.v1.Spanner/Commit" {
		*n++
	}
	return invoke(ctx, method, req, reply, cc, opts...)
}
