package resolvers

import (
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"time"

	"flora.dev/flora/auth"
	"flora.dev/flora/graph"
	"flora.dev/flora/internal/leak"
	"flora.dev/flora/store"
	"github.com/gofrs/uuid/v5"
)

// remembered is how long a retry repeats the outcome of a mutation.
const remembered = 24 * time.Hour

// once names a mutation for its retries, as the client asked. A key belongs to
// who sent it, and to the API it was sent to.
func (q *request) once(op *graph.Operation) (*store.Once, error) {
	if op.Retry == nil {
		return nil, nil
	}
	if q.id == nil {
		return nil, fail(nil, nil, codeAnonymous, "an Idempotency-Key needs a token: a key belongs to who sent it")
	}
	who := *q.id
	if leak.On(leak.KeyOfAnother) {
		who = auth.Identity{}
	}
	sum := sha256.Sum256(fmt.Appendf(nil, "%q %q %q %q", who.Issuer, who.Subject, "data", op.Retry.Key))
	q.retry = &retry{sum: sum}
	return &store.Once{Key: sum, Request: op.Retry.Request, Since: q.caller.Now() - remembered.Microseconds()}, nil
}

// retry makes the ids of a mutation that may be sent again: the same each time.
type retry struct {
	sum  [sha256.Size]byte
	made uint64
}

// newID makes the _id of a new document.
func (q *request) newID() string {
	if q.trace != nil {
		q.trace.Open() // an id is no part of a plan
		return "new"
	}
	if q.retry == nil {
		return q.Resolvers.newID()
	}
	q.retry.made++
	mac := hmac.New(sha256.New, q.idKey)
	mac.Write(q.retry.sum[:])
	mac.Write(binary.BigEndian.AppendUint64(nil, q.retry.made))
	id := uuid.UUID(mac.Sum(nil)[:uuid.Size])
	id.SetVersion(uuid.V4)
	id.SetVariant(uuid.VariantRFC9562)
	return id.String()
}

// newID makes an _id, or takes one that was made for a document that there is not.
func (r *Resolvers) newID() string {
	if id := r.spare.Swap(nil); id != nil {
		return *id
	}
	return r.opts.NewID()
}

// newIDKey derives the key of the ids of retried mutations from the secret of
// the deployment: nobody can tell them beforehand.
func newIDKey(secret []byte) ([]byte, error) {
	return hkdf.Key(sha256.New, secret, nil, "flora retry 1", sha256.Size)
}
