package rules

import (
	"time"

	"flora.dev/flora/internal/leak"
)

// Caller is who asks, for the folds of one request. It is not safe for use by
// several goroutines: it remembers the slots that CEL has computed.
type Caller struct {
	token    *Token // nil for an anonymous caller
	anybody  bool   // of whom no more is known
	roles    []string
	vouches  []string
	provider string
	now      time.Time // use clock
	self     Operand   // CurrentIdentity() as it was last asked for
	memo     map[*Slot]result
	trace    *Trace // what it is asked is noted there, and there asked
}

// NewCaller returns the bearer of a token that is used once (NewToken).
func NewCaller(identity string, claims map[string]any, now time.Time) *Caller {
	return NewToken(identity, claims).Caller(now)
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
	return &Caller{now: now}
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
	if c.trace != nil {
		return Truth(c.trace.ask(asked{what: askHolds, role: role})) == True
	}
	for _, r := range c.roles {
		if r == role {
			return true
		}
	}
	return false
}

// SignedIn reports whether the caller has a token.
func (c *Caller) SignedIn() bool {
	if c.trace != nil {
		return Truth(c.trace.ask(asked{what: askSignedIn})) == True
	}
	return c.token != nil
}

// Now is the one clock reading of the request, in microseconds.
func (c *Caller) Now() int64 {
	if c.trace != nil {
		c.trace.open = true
	}
	return c.now.UnixMicro()
}

func (c *Caller) clock() time.Time { return c.now.UTC().Truncate(time.Microsecond) }

// When evaluates a role's predicate: only True gives the role.
func (c *Caller) When(s *Slot) Truth { return c.test(s) }

// Value evaluates a @default or @set expression. known is false where the
// write must be refused; a UserVal is known if the user exists, which the
// statement's guard must ask (Exists).
func (c *Caller) Value(x *Expr) (op Operand, known bool) {
	switch o := x.op.(type) {
	case SlotRef:
		v, tainted, ok := c.value(o)
		if v.isGiven() {
			// What cannot be stored is refused with a reason, not from a plan.
			if o.List || Truth(c.trace.ask(asked{what: askStorable, slot: o.Slot, kind: o.Kind, field: x.field})) != True {
				c.trace.open = true
			}
			return Val{v}, true
		}
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
	if c.trace != nil {
		return Truth(c.trace.ask(asked{what: askTest, slot: s}))
	}
	return s.eval(c).truth()
}

// value evaluates a slot as a value of a kind; tainted is true where elements
// of a list could not be read as that kind and were left out.
func (c *Caller) value(o SlotRef) (v Value, tainted, known bool) {
	if c.trace != nil {
		return c.trace.value(o)
	}
	r := o.Slot.eval(c)
	if o.List {
		return r.list(o.Kind)
	}
	x, ok := r.scalar(o.Kind)
	return Value{Kind: o.Kind, V: x}, false, ok || !r.known && c.token != nil && leak.On(leak.MissingClaimIsNull)
}

// operand is the value of a slot in a predicate. That of the caller's identity,
// which most rules ask for, is made once.
func (c *Caller) operand(o SlotRef) (_ Operand, ok bool) {
	self := o.Slot.identity && !o.List && c.trace == nil
	if v, is := c.self.(Val); self && is && v.Value.Kind == o.Kind {
		return c.self, true
	}
	v, tainted, ok := c.value(o)
	out := Operand(Val{v})
	if self && ok {
		c.self = out
	}
	return out, ok && !tainted
}
