package rules

import "time"

// Token is what a verified token says, read once for all the requests that
// carry it. It is immutable.
type Token struct {
	subject any            // a string: CurrentIdentity()
	self    Operand        // the same as a String
	claims  map[string]any // in the Go types of a result
}

// NewToken reads a verified token. claims are as a strict JSON decoder leaves
// them: nil, bool, string, json.Number, []any, map[string]any.
func NewToken(identity string, claims map[string]any) *Token {
	t := &Token{subject: identity, claims: celClaims(claims)}
	if v, ok := known(t.subject).scalar(String); ok {
		t.self = Val{Value{Kind: String, V: v}}
	}
	return t
}

// Caller returns the bearer of the token in one request. now has microsecond
// precision.
func (t *Token) Caller(now time.Time) *Caller {
	return &Caller{token: t, now: now, self: t.self}
}
