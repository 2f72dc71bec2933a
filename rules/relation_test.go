package rules

import (
	"encoding/json"
	"testing"
)

// related is the world with a one-to-one relation, Team.sign from Sign.team,
// and links from teams to users, Team.fans.
func related() (world, *Env) {
	w := newWorld()
	team := reference("team", w.team, true)
	sign := object("Sign", team, &Field{Name: "lit", Kind: Bool})
	rows := object("Team_fans", reference("near", w.team, true), reference("far", w.user, true))
	rows.Key, rows.TS = nil, nil
	w.team.Fields = append(w.team.Fields,
		&Field{Object: w.team, Name: "sign", Kind: Ref, Target: sign, TypeName: "Sign", Back: team, Single: true},
		&Field{Object: w.team, Name: "fans", Kind: Ref, Target: w.user, TypeName: "User", Link: &Link{Object: rows, Near: rows.Fields[0], Far: rows.Fields[1],
			Rows: &Field{Object: w.team, Name: "fans", Kind: Ref, Target: rows, TypeName: "Team_fans", Back: rows.Fields[0]}}})
	env := NewEnv([]*Object{w.user, w.team, w.member, w.product, sign}, []*Object{w.user})
	env.Define("isLit", sign, "doc.lit")
	return w, env
}

// TestRelations shows what is definitely true and definitely false: of a
// one-to-one relation that may be absent, and of a document in a list.
func TestRelations(t *testing.T) {
	w, env := related()
	caller := NewCaller("ada", map[string]any{"id": "s1", "ids": []any{"s1"}, "odd": []any{"s1", json.Number("1")}}, clock)
	for _, c := range []struct{ text, yes, no string }{
		{"doc.sign == CurrentToken().id", // absent is another one
			`(one(v1, Sign.team, oldDoc._id, true, true) && one(v2, Sign.team, oldDoc._id, true, v2._id == "s1"))`,
			`((one(v1, Sign.team, oldDoc._id, true, true) && one(v2, Sign.team, oldDoc._id, true, v2._id != "s1")) || notTrue(one(v1, Sign.team, oldDoc._id, true, true)))`},
		{"doc.sign == CurrentToken().gone", "false", "false"},
		{"doc.sign in CurrentToken().ids",
			`(one(v1, Sign.team, oldDoc._id, true, true) && one(v2, Sign.team, oldDoc._id, true, in(v2._id, ["s1"])))`,
			`((one(v1, Sign.team, oldDoc._id, true, true) && one(v2, Sign.team, oldDoc._id, true, notIn(v2._id, ["s1"]))) || notTrue(one(v1, Sign.team, oldDoc._id, true, true)))`},
		{"doc.sign in CurrentToken().odd", // what is not found may be what cannot be compared
			`(one(v1, Sign.team, oldDoc._id, true, true) && one(v2, Sign.team, oldDoc._id, true, in(v2._id, ["s1"])))`, "false"},
		{"isLit(doc.sign)", "one(v1, Sign.team, oldDoc._id, true, v1.lit)", "one(v1, Sign.team, oldDoc._id, true, false(v1.lit))"},
		// Who has no document is not known to be outside, however empty the list.
		{"CurrentUser() in doc.fans", `exists(v1, Team.fans, oldDoc._id, true, user(v2, User, "ada", v2._id == v1.far))`,
			`(user(v1, User, "ada", true) && none(v2, Team.fans, oldDoc._id, notTrue(user(v3, User, "ada", v3._id != v2.far))))`},
		{"doc.lead in doc.fans", "exists(v1, Team.fans, oldDoc._id, true, oldDoc.lead == v1.far)", "none(v1, Team.fans, oldDoc._id, notTrue(oldDoc.lead != v1.far))"},
	} {
		p, faults := env.Rule(w.team, Read, c.text)
		if len(faults) > 0 {
			t.Errorf("%s: %v", c.text, faults)
			continue
		}
		p = caller.Fold(p, Binding{Fresh: Counter(New + 1)})
		if got := Print(T(p)); got != c.yes {
			t.Errorf("%s is true where\n got %s\nwant %s", c.text, got, c.yes)
		}
		if got := Print(F(p)); got != c.no {
			t.Errorf("%s is false where\n got %s\nwant %s", c.text, got, c.no)
		}
	}
	p, _ := env.Rule(w.team, Read, "!(CurrentUser() in doc.fans)")
	if got := Anonymous(clock).Fold(p, Binding{}); T(got) != False {
		t.Errorf("an anonymous caller is no fan where %s", Print(T(got)))
	}
}

// TestClaimsOfOtherTypes: a claim of another type than the declared one is unknown,
// also for has, and in a list the element is.
func TestClaimsOfOtherTypes(t *testing.T) {
	env := newWorld().env()
	env.Declare([]Claim{{Name: "level", Key: "https://example.com/level", Kind: Int}, {Name: "other", Key: "other", Kind: Int},
		{Name: "share", Key: "share", Kind: Float}, {Name: "names", Key: "names", Kind: String, List: true}})
	for _, c := range []struct {
		text, claim string
		value       any
		want        Truth
	}{
		{"has(CurrentToken().level)", "https://example.com/level", json.Number("3"), True},
		{"has(CurrentToken().level)", "https://example.com/level", "3", Unknown},
		{"has(CurrentToken().level)", "https://example.com/level", json.Number("3.5"), Unknown},
		{"has(CurrentToken().level)", "https://example.com/level", nil, Unknown},
		{"has(CurrentToken().level)", "level", json.Number("3"), False},
		{"CurrentToken().other == CurrentToken().other", "other", json.Number("3"), True},
		{"CurrentToken().other == CurrentToken().other", "other", "x", Unknown},
		{"CurrentToken().share * 2.0 == 4.0", "share", json.Number("2"), True}, // as a Float, whatever its digits
		{"has(CurrentToken().names)", "names", "ab", Unknown},
		{"has(CurrentToken().names)", "names", []any{json.Number("1")}, True},
		{"size(CurrentToken().names) == 2", "names", "ab", Unknown},
		{"'b' in CurrentToken().names", "names", []any{json.Number("1"), "b"}, True},
		{"'b' in CurrentToken().names", "names", []any{json.Number("1"), "a"}, Unknown},
		{"'b' in CurrentToken().names", "names", []any{"a"}, False},
	} {
		p, faults := env.Rule(newWorld().product, Read, c.text)
		if len(faults) > 0 {
			t.Errorf("%s: %v", c.text, faults)
			continue
		}
		caller := NewCaller("ada", map[string]any{c.claim: c.value}, clock)
		if got := caller.Fold(p, Binding{}); got != Pred(c.want) {
			t.Errorf("%s of %v: %v, want %v", c.text, c.value, got, c.want)
		}
	}
}
