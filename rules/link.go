package rules

import (
	"fmt"
	"slices"
	"strconv"
	"time"

	"cel.dev/cel-go/cel"
)

// link is how a claim finds the caller's document: it is compared with the
// @identity field. Two claims never find the same document, so a text counts
// only in the one form that the field's value has.
type link struct {
	claim string // "sub" is CurrentIdentity()
	kind  Kind   // of the field
}

// linkTo is the link to documents of o, which has an identity field.
func linkTo(o *Object) link {
	if o.IdentityClaim == "" {
		return link{"sub", o.Identity.Kind}
	}
	return link{o.IdentityClaim, o.Identity.Kind}
}

// identity is the value that links the caller to a document of o.
func (e *Env) identity(o *Object) SlotRef {
	l := linkTo(o)
	text := "CurrentIdentity()"
	if l.claim != "sub" {
		text = "the vouched claim " + l.claim
	}
	slot := &Slot{Text: text, typ: cel.StringType, direct: func(c *Caller) result { return c.linked(l) }}
	key := text
	if l.claim == "sub" && (l.kind == String || l.kind == ID) { // the same as in a rule
		slot.direct, slot.identity = currentIdentity, true
	} else {
		key = fmt.Sprint(text, " as kind ", l.kind)
	}
	if e.slots[key] == nil {
		e.slots[key] = slot
	}
	return SlotRef{Slot: e.slots[key], Kind: l.kind}
}

// Link returns the value of the claim that links the caller to a document of
// o; ok is false where the caller has none.
func (c *Caller) Link(o *Object) (v Value, ok bool) {
	if o.Identity == nil {
		return Value{}, false
	}
	if c.trace != nil {
		return c.trace.link(o)
	}
	l := linkTo(o)
	x, ok := c.linked(l).scalar(l.kind)
	return Value{Kind: l.kind, V: x}, ok
}

// linked is what the identity field is compared with. A claim other than sub
// counts only if its provider vouches for it, and an e-mail address only if it
// is verified.
func (c *Caller) linked(l link) result {
	if c.anybody {
		return anyOf(l.kind)
	}
	if c.token == nil {
		return result{}
	}
	if l.claim == "sub" {
		return canonical(c.token.subject, l.kind)
	}
	if !slices.Contains(c.vouches, l.claim) || l.claim == "email" && c.token.claims["email_verified"] != true {
		return result{}
	}
	switch v := c.token.claims[l.claim]; v.(type) {
	case string:
		if l.kind != Int && l.kind != Long { // the claim could be the number as well
			return canonical(v, l.kind)
		}
	case int64:
		return known(v)
	}
	return result{}
}

// canonical reads a text v that is written as a value of that kind is shown, and
// nothing else.
func canonical(v any, k Kind) result {
	text := v.(string)
	switch k {
	case Int, Long:
		if i, err := strconv.ParseInt(text, 10, 64); err == nil && strconv.FormatInt(i, 10) == text {
			return known(i)
		}
		return result{}
	case Time:
		if t, err := time.Parse(time.RFC3339Nano, text); err == nil && t.UTC().Format(time.RFC3339Nano) == text {
			return known(t)
		}
		return result{}
	case UUID:
		if u, ok := CanonicalUUID(text); !ok || u != text {
			return result{}
		}
	case Decimal:
		if d, ok := CanonicalDecimal(text); !ok || d != text {
			return result{}
		}
	}
	if text == "" {
		return result{}
	}
	return known(v)
}

// anyOf is some value that scalar reads as that kind.
func anyOf(k Kind) result {
	switch k {
	case Int, Long:
		return known(int64(0))
	case Time:
		return known(time.Unix(0, 0))
	case Date:
		return known("1970-01-01")
	case UUID:
		return known("00000000-0000-0000-0000-000000000000")
	case Decimal:
		return known("0")
	}
	return known("someone")
}
