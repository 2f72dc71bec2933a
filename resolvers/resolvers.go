package resolvers

import (
	"context"
	"fmt"
	"log/slog"
	"sync/atomic"
	"time"

	"flora.dev/flora/auth"
	"flora.dev/flora/graph"
	"flora.dev/flora/internal/leak"
	"flora.dev/flora/rules"
	"flora.dev/flora/store"
	"github.com/gofrs/uuid/v5"
)

// Options are what a Resolvers needs beside its store. The zero value works.
type Options struct {
	Now       func() time.Time   // the clock, time.Now by default
	NewID     func() string      // makes _id values, lower-case UUIDv4 by default: spread evenly over Spanner's splits
	Grants    map[string][]Grant // roles by the name of the access provider
	DevIssuer string             // the provider that gives anyone any token: all its claims count as vouched for. Development only
	PageSize  int                // documents in a page that asks for no number, 50 by default
	MaxPage   int                // most documents in a page, 1,000 by default
	MaxWrite  int                // most documents that one operation writes, 1,000 by default
	MaxString int                // longest text that an input may set, in bytes, 64 KiB by default
	Hidden    func([]Hidden)     // told what rules hid from a query; costs a second statement, for development only
	Log       *slog.Logger       // slog.Default() by default
}

// MaxString is the longest text that an input may set, in bytes, unless
// Options say otherwise.
const MaxString = 64 << 10

// Grant is a role that a provider gives.
type Grant struct {
	Role string
	// When is the condition over the claims; nil: always. Only True grants.
	When *rules.Slot
	// Claim names a claim that lists roles, which are granted as named there:
	// for the development issuer only. Role and When are unused then.
	Claim string
}

// Resolvers implements graph.Resolver over a store.
type Resolvers struct {
	store   store.Store
	opts    Options
	cursors *cursors
	idKey   []byte                 // of the ids of retried mutations
	spare   atomic.Pointer[string] // an id that was made for a document that there is not
}

var _ graph.Resolver = (*Resolvers)(nil)

// New returns the resolvers of a store. secret is the deployment's (32 bytes).
func New(s store.Store, secret []byte, opts Options) (*Resolvers, error) {
	if opts.Now == nil {
		opts.Now = time.Now
	}
	if opts.NewID == nil {
		opts.NewID = func() string { return uuid.Must(uuid.NewV4()).String() }
	}
	if opts.PageSize == 0 {
		opts.PageSize = 50
	}
	if opts.MaxPage == 0 {
		opts.MaxPage = 1000
	}
	if opts.MaxWrite == 0 {
		opts.MaxWrite = 1000
	}
	if opts.MaxString == 0 {
		opts.MaxString = MaxString
	}
	if opts.Log == nil {
		opts.Log = slog.Default()
	}
	c, err := newCursors(secret)
	if err != nil {
		return nil, fmt.Errorf("open cursors: %w", err)
	}
	idKey, err := newIDKey(secret)
	if err != nil {
		return nil, fmt.Errorf("derive key of ids: %w", err)
	}
	return &Resolvers{store: s, opts: opts, cursors: c, idKey: idKey}, nil
}

// Holds reports whether the caller in ctx holds a role, for the control API.
func (r *Resolvers) Holds(ctx context.Context, role string) bool {
	return r.caller(auth.From(ctx)).Holds(role)
}

// caller is who asks, with the roles that the provider grants.
func (r *Resolvers) caller(id *auth.Identity) *rules.Caller {
	now := r.opts.Now()
	if id == nil {
		return rules.Anonymous(now)
	}
	c := id.Derive(readToken).(*rules.Token).Caller(now)
	c.Vouch(id.Vouches)
	c.From(id.Provider)
	for _, g := range r.opts.Grants[id.Provider] {
		switch {
		case g.Claim != "":
			names, _ := id.Claims[g.Claim].([]any)
			for _, n := range names {
				if s, ok := n.(string); ok {
					c.Grant(s)
				}
			}
		case g.When == nil || c.When(g.When) == rules.True:
			c.Grant(g.Role)
		}
	}
	return c
}

func readToken(id *auth.Identity) any { return rules.NewToken(id.ID, id.Claims) }

// request is one operation being planned for one caller.
type request struct {
	*Resolvers
	ctx    context.Context
	v      *graph.Version
	id     *auth.Identity
	caller *rules.Caller
	fresh  func() rules.Var
	answer *graph.Answer
	asked  []asked // of a query's roots, for Options.Hidden
	cans   map[*store.Select]*can
	// columns are the places of what is read already, walks the to-many
	// relations in filters, writes the statements planned of a mutation.
	columns       map[column]int
	walks, writes int
	retry         *retry // of a mutation that may be sent again, else nil
	// trace is what a plan that is kept asks of its caller, else nil. Then id is nil.
	// made is what stands for the id of the document that it creates, or was made for it.
	trace *rules.Trace
	made  any
}

func (r *Resolvers) request(ctx context.Context, v *graph.Version, op *graph.Operation) *request {
	id := auth.From(ctx)
	caller := r.callerOf(v, id)
	if leak.On(leak.FoldInPlan) && len(op.Fields) > 0 {
		caller = leak.First(plannedOperation{r, op.Fields[0].Pos.Src.Input}, caller).(*rules.Caller)
	}
	return r.requestBy(ctx, v, op, id, caller)
}

// callerOf is the caller as the rules of a version see him.
func (r *Resolvers) callerOf(v *graph.Version, id *auth.Identity) *rules.Caller {
	caller := r.caller(id)
	if id != nil && r.opts.DevIssuer != "" && id.Provider == r.opts.DevIssuer {
		var claims []string
		for _, c := range v.Schema.Me {
			claims = append(claims, c.IdentityClaim)
		}
		caller.Vouch(claims)
	}
	return caller
}

func (r *Resolvers) requestBy(ctx context.Context, v *graph.Version, op *graph.Operation, id *auth.Identity, caller *rules.Caller) *request {
	return &request{Resolvers: r, ctx: ctx, v: v, id: id, caller: caller, columns: map[column]int{},
		fresh:  rules.Counter(rules.New + 1),
		answer: &graph.Answer{Roots: make([]graph.Root, len(op.Fields)), Extensions: map[string]any{}}}
}
