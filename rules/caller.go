package rules

import (
	"time"

	"flora.dev/flora/internal/leak"
)

// Caller is who asks, for the folds of one request. It is not safe for use by
// several goroutines: it remembers the slots it has computed.
type Caller struct {
	identity string
	signedIn bool
	anybody  bool // of whom no more is known
	roles    []string
	vouches  []string
	provider string
	now      time.Time
	token    map[string]any // claims in CEL's types, nil without a token
	memo     map[*Slot]result
}

// NewCaller returns the caller with a verified token. claims are as a strict
// JSON decoder leaves them: nil, bool, string, json.Number, []any,
// map[string]any. now has microsecond precision.
func NewCaller(identity string, claims map[string]any, now time.Time) *Caller {
	c := Anonymous(now)
	c.identity, c.signedIn = identity, true
	c.token = celClaims(claims)
	return c
}

// Anybody returns a caller of whom no more is known than that he has a token,
// and that it may lead to documents of his own. For what can be said of rules
// without a store: no document is compared with what links him.
func Anybody(now time.Time) *Caller {
	c := NewCaller("someone", nil, now)
	c.anybody = true
	return c
}

// Anonymous returns the caller without a token.
func Anonymous(now time.Time) *Caller {
	return &Caller{now: now.UTC().Truncate(time.Microsecond), memo: map[*Slot]result{}}
}

// Grant adds a role. All roles must be granted before the first Fold.
func (c *Caller) Grant(role string) { c.roles = append(c.roles, role) }

// Vouch names claims other than sub that may link the caller to a document,
// because the caller's provider answers for them.
func (c *Caller) Vouch(claims []string) { c.vouches = claims }

// From names the access provider that vouched for the token.
func (c *Caller) From(provider string) { c.provider = provider }

// Holds reports whether the caller holds the role.
func (c *Caller) Holds(role string) bool {
	for _, r := range c.roles {
		if r == role {
			return true
		}
	}
	return false
}

// SignedIn reports whether the caller has a token.
func (c *Caller) SignedIn() bool { return c.signedIn }

// Now is the one clock reading of the request, in microseconds.
func (c *Caller) Now() int64 { return c.now.UnixMicro() }

// When evaluates a role's predicate: only True gives the role.
func (c *Caller) When(s *Slot) Truth { return c.test(s) }

// Value evaluates a @default or @set expression. known is false where the
// write must be refused; a UserVal is known if the user exists, which the
// statement's guard must ask (Exists).
func (c *Caller) Value(x *Expr) (op Operand, known bool) {
	switch o := x.op.(type) {
	case SlotRef:
		v, tainted, ok := c.value(o)
		return Val{v}, ok && !tainted && storable(x.field, v)
	case UserVal:
		id, _, ok := c.value(o.Identity.(SlotRef))
		o.Identity = Val{id}
		return o, ok
	}
	return x.op, true
}

// Exists is the predicate that the caller's document exists.
func (v UserVal) Exists(fresh func() Var) Pred {
	return User{Object: v.Object, Identity: v.Identity, Var: fresh(), Body: True}
}

// test evaluates a slot as a condition.
func (c *Caller) test(s *Slot) Truth {
	r := c.eval(s)
	if b, ok := r.bool(); ok {
		return truth(b)
	}
	return Unknown
}

// value evaluates a slot as a value of a kind; tainted is true where elements
// of a list could not be read as that kind and were left out.
func (c *Caller) value(o SlotRef) (v Value, tainted, known bool) {
	r := c.eval(o.Slot)
	if o.List {
		return r.list(o.Kind)
	}
	x, ok := r.scalar(o.Kind)
	return Value{Kind: o.Kind, V: x}, false, ok || r.v == nil && c.signedIn && leak.On(leak.MissingClaimIsNull)
}

func (c *Caller) eval(s *Slot) result {
	if r, ok := c.memo[s]; ok {
		return r
	}
	r := s.eval(c)
	c.memo[s] = r
	return r
}
