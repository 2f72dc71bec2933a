package ruletest

import (
	"encoding/json"
	"math/big"

	"flora.dev/flora/rules"
)

// Caller is a random caller: the claims as decoded, nil for an anonymous one.
type Caller struct {
	Identity string
	Claims   map[string]any
	Roles    []string
	Vouched  []string // claims beside sub that the provider answers for
}

// Caller returns a random caller.
func (g *Generator) Caller() Caller {
	if g.n(6) == 0 {
		return Caller{}
	}
	c := Caller{Identity: pick(g.Rand, persons), Claims: map[string]any{}}
	c.Claims["sub"] = c.Identity
	texts := []any{"a", "b", "alice", "A", "Team1", "2026-01-31", "F81D4FAE-7DEC-11D0-A765-00A0C91E6BF6"}
	numbers := []any{json.Number("1"), json.Number("2"), json.Number("7"), json.Number("1.5"), json.Number("1.0"), json.Number("1e21"),
		json.Number("9007199254740993"), json.Number("0.1000000000000000055511151231257827")}
	odd := []any{nil, true, []any{"a"}, map[string]any{"x": "a"}, "b", json.Number("1")}
	set := func(name string, choices ...any) {
		switch g.n(7) {
		case 0:
		case 1:
			c.Claims[key(name)] = pick(g.Rand, odd)
		default:
			c.Claims[key(name)] = pick(g.Rand, choices)
		}
	}
	set("s", texts...)
	set("id", append(texts, "Badge0", "Badge1", "Recall0", "Recall1")...)
	set("n", numbers...)
	set("l", numbers...)
	set("f", numbers...)
	set("b", true, false)
	set("list", []any{"a", "b"}, []any{}, []any{"alice", "Team0"})
	set("ids", []any{"a", "Product0"}, []any{"Team0", "Team1", "User0"}, []any{"Badge1", "Recall0", "Recall1"})
	set("mixed", []any{"a", nil}, []any{json.Number("1"), "b"}, []any{true})
	set("nums", []any{json.Number("1"), json.Number("2")}, []any{json.Number("1.5")})
	set("ints", []any{json.Number("1"), json.Number("7")}, []any{json.Number("1.5"), json.Number("2.0")})
	set("patient", json.Number("7"), json.Number("1.0"), json.Number("9007199254740993"), "7", json.Number("2"))
	set("email", "a@example.com", "b@example.com", "a@example.com", "b@example.com", "c@example.com", "")
	set("email_verified", true, true, true, true, false, "true")
	c.Claims["nil"] = nil
	for _, r := range []string{"r1", "r2"} {
		if g.n(2) == 0 {
			c.Roles = append(c.Roles, r)
		}
	}
	for _, claim := range []string{"patient", "email"} {
		if g.n(4) != 0 {
			c.Vouched = append(c.Vouched, claim)
		}
	}
	return c
}

// Rules returns the caller for folding.
func (c Caller) Rules() *rules.Caller {
	out := rules.Anonymous(Clock)
	if c.Claims != nil {
		out = rules.NewCaller(c.Identity, c.Claims, Clock)
	}
	for _, r := range c.Roles {
		out.Grant(r)
	}
	out.Vouch(c.Vouched)
	return out
}

// whole is a number as an integer of 64 bits, nil if it is none.
func whole(n json.Number) any {
	if x, ok := new(big.Rat).SetString(n.String()); ok && x.IsInt() && x.Num().IsInt64() {
		return x.Num().Int64()
	}
	return nil
}
