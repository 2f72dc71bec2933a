package main

import (
	"strings"

	"flora.dev/flora/rules"
)

// desk is testdata/interference/desk.graphql once more, by hand: its fields
// with pools of values, and each rule as a function of three values, written
// from what the language says. It shares nothing with the loader.
func desk() *refSchema {
	signedIn := func(v *refView, _ refSides) rules.Truth { return definite(v.who.signedIn) }
	never := func(*refView, refSides) rules.Truth { return rules.False }
	auditor := func(v *refView, _ refSides) rules.Truth { return v.role("auditor") }
	self := func(v *refView, s refSides) rules.Truth { return v.isUser(s.doc.id) }
	subIsMine := func(v *refView, s refSides) rules.Truth { return v.isMe(s.new.vals["sub"]) }
	userOf := func(field string) refRule {
		return func(v *refView, s refSides) rules.Truth { return v.isUser(s.doc.vals[field]) }
	}
	either := func(a, b refRule) refRule {
		return func(v *refView, s refSides) rules.Truth { return or(a(v, s), b(v, s)) }
	}
	// adminOf: the caller is an ADMIN among the members of a team.
	adminOf := func(v *refView, team any) rules.Truth {
		if v.get("Team", team) == nil {
			return rules.Unknown
		}
		return v.exists("Member", "team", team, func(m *refDoc) rules.Truth {
			return and(v.isUser(m.vals["user"]), equal(m.vals["role"], "ADMIN"))
		})
	}
	ownAdmin := func(v *refView, s refSides) rules.Truth { return adminOf(v, s.doc.id) }
	teamAdmin := func(v *refView, s refSides) rules.Truth { return adminOf(v, s.doc.vals["team"]) }

	// What the token alone makes of a field's read rule.
	needsUser := func(c *refCaller) rules.Truth { // unknown for the anonymous, else a matter of rows
		if !c.signedIn {
			return rules.False
		}
		return rules.Unknown
	}
	needsAuditor := func(c *refCaller) rules.Truth { return definite(c.holds("auditor")) }
	userOrAuditor := func(c *refCaller) rules.Truth {
		if c.holds("auditor") {
			return rules.True
		}
		return needsUser(c)
	}
	ofRows := func(*refCaller) rules.Truth { return rules.Unknown }

	words := []any{"a", "b", "ab", "x1", "xy"}
	codes := []any{"k1", "k2", "k3", "k4", "k5", "k6", "k7", "k8"}
	numbers := []any{int64(0), int64(1), int64(2), int64(5)}
	bools := []any{true, false}
	text := func(name string, pool []any) *refField {
		return &refField{name: name, kind: rules.String, pool: pool}
	}
	number := func(name string) *refField { return &refField{name: name, kind: rules.Int, pool: numbers} }
	flag := func(name string) *refField { return &refField{name: name, kind: rules.Bool, pool: bools} }
	ref := func(name, target string) *refField {
		return &refField{name: name, kind: rules.Ref, target: target}
	}
	many := func(name, target, back string) *refField {
		return &refField{name: name, kind: rules.Ref, target: target, back: back}
	}
	with := func(f *refField, change func(*refField)) *refField { change(f); return f }
	required := func(f *refField) *refField { return with(f, func(f *refField) { f.required = true }) }
	unique := func(f *refField) *refField { return with(f, func(f *refField) { f.unique = true }) }
	readable := func(f *refField, rule refRule, folds func(*refCaller) rules.Truth) *refField {
		return with(f, func(f *refField) { f.read, f.folds = rule, folds })
	}
	writable := func(f *refField, create, update refRule) *refField {
		return with(f, func(f *refField) { f.create, f.update = create, update })
	}
	loud := func(f *refField) *refField { return with(f, func(f *refField) { f.denyError = true }) }

	user := &refType{name: "User", plural: "users", closed: true,
		fields: []*refField{
			writable(readable(unique(required(text("sub", []any{"alice", "bob", "carol", "dave", "erin"}))), self, needsUser), subIsMine, never),
			required(text("name", words)),
			flag("listed"),
			readable(text("phone", words), either(self, auditor), userOrAuditor),
			with(writable(ref("team", "Team"), never, func(v *refView, _ refSides) rules.Truth { return v.role("admin") }), func(f *refField) {
				f.mayUpdate = func(c *refCaller) bool { return c.holds("admin") }
			}),
			many("owned", "Item", "owner"), many("managed", "Item", "manager"), many("members", "Member", "user"),
		},
		grants: []refGrant{{
			read: func(v *refView, s refSides) rules.Truth {
				mate := rules.Unknown
				if u := v.user(); u != nil {
					mate = equal(s.doc.vals["team"], u.vals["team"])
				}
				return and(definite(v.who.signedIn),
					or(bare(s.doc.vals["listed"]), v.isUser(s.doc.id), and(definite(s.doc.vals["team"] != nil), mate)))
			},
			create: subIsMine, update: self}},
	}
	team := &refType{name: "Team", plural: "teams",
		fields: []*refField{
			unique(required(text("name", codes))),
			flag("open"),
			readable(unique(text("code", codes)), auditor, needsAuditor),
			readable(number("budget"), func(v *refView, s refSides) rules.Truth {
				return v.all("Member", "team", s.doc.id, func(m *refDoc) rules.Truth { return not(equal(m.vals["role"], "GUEST")) })
			}, ofRows),
			many("users", "User", "team"), many("members", "Member", "team"), many("items", "Item", "team"), many("notes", "Note", "team"),
		},
		grants: []refGrant{{
			read: func(v *refView, s refSides) rules.Truth {
				return or(bare(s.doc.vals["open"]), v.exists("Member", "team", s.doc.id, func(m *refDoc) rules.Truth { return v.isUser(m.vals["user"]) }))
			},
			create: signedIn, update: ownAdmin, delete: ownAdmin}},
	}
	member := &refType{name: "Member", plural: "members", uniques: [][]string{{"team", "user"}},
		fields: []*refField{
			required(ref("team", "Team")), required(ref("user", "User")),
			text("role", []any{"ADMIN", "ADMIN", "MEMBER", "GUEST"}),
			loud(readable(text("note", words), userOf("user"), needsUser)),
		},
		grants: []refGrant{{read: either(userOf("user"), teamAdmin), create: teamAdmin, update: teamAdmin, delete: teamAdmin}},
	}
	sameOrg := func(v *refView, s refSides) rules.Truth { return v.isClaim("org", s.doc.vals["org"]) }
	item := &refType{name: "Item", plural: "items", stranger: true,
		fields: []*refField{
			required(text("title", words)),
			unique(text("sku", codes)),
			readable(unique(text("serial", codes)), userOf("owner"), needsUser),
			{name: "price", kind: rules.Float, pool: []any{0.5, 1.25, 12.5}},
			number("rank"), flag("archived"), text("locked", words), text("org", []any{"acme", "bolt", ""}),
			{name: "status", kind: rules.Enum, pool: []any{"DRAFT", "OPEN", "OPEN", "DONE"}, byDefault: func(*refView) (any, bool) { return "DRAFT", true }},
			ref("owner", "User"), ref("team", "Team"),
			readable(ref("manager", "User"), either(userOf("owner"), auditor), userOrAuditor),
			writable(readable(number("cost"), userOf("owner"), needsUser), nil, userOf("owner")),
			loud(readable(text("secret", words), auditor, needsAuditor)),
			many("notes", "Note", "item"),
		},
		grants: []refGrant{
			{
				read: func(v *refView, s refSides) rules.Truth {
					return or(v.isUser(s.doc.vals["owner"]), and(equal(s.doc.vals["status"], "OPEN"), not(bare(s.doc.vals["archived"]))), sameOrg(v, s))
				},
				create: either(userOf("owner"), sameOrg),
				update: func(v *refView, s refSides) rules.Truth {
					return and(v.isUser(s.doc.vals["owner"]), not(equal(s.old.vals["status"], "DONE")))
				},
				delete: userOf("owner"),
			},
			{read: func(v *refView, s refSides) rules.Truth {
				low := rules.Unknown
				if n, ok := s.doc.vals["rank"].(int64); ok {
					low = definite(n < 2)
				}
				return and(not(v.hasClaim("limits", "items")), low)
			}},
			{update: teamAdmin},
			{update: func(_ *refView, s refSides) rules.Truth { return equal(s.doc.vals["rank"], int64(0)) }},
			{role: "editor", update: func(v *refView, s refSides) rules.Truth {
				return and(definite(s.new.vals["locked"] == nil), equal(s.doc.vals["status"], "OPEN"))
			}},
		},
	}
	note := &refType{name: "Note", plural: "notes",
		fields: []*refField{
			text("text", words),
			with(number("level"), func(f *refField) { f.byDefault = func(*refView) (any, bool) { return int64(1), true } }),
			ref("team", "Team"), ref("item", "Item"),
			with(ref("author", "User"), func(f *refField) {
				f.onCreate = func(v *refView) (any, bool) {
					if u := v.user(); u != nil {
						return u.id, true
					}
					return nil, false
				}
			}),
			with(text("stamp", words), func(f *refField) {
				f.byDefault = func(v *refView) (any, bool) { return v.who.identity, v.who.signedIn }
			}),
		},
		grants: []refGrant{
			{read: userOf("author"), create: signedIn, update: userOf("author"), delete: userOf("author")},
			{read: func(v *refView, s refSides) rules.Truth {
				if v.get("Team", s.doc.vals["team"]) == nil {
					return rules.Unknown
				}
				return v.all("Member", "team", s.doc.vals["team"], func(m *refDoc) rules.Truth { return v.isUser(m.vals["user"]) })
			}},
			{role: "moderator",
				read: func(_ *refView, s refSides) rules.Truth {
					t, ok := s.doc.vals["text"].(string)
					if !ok {
						return rules.Unknown
					}
					return not(definite(strings.HasPrefix(t, "x")))
				},
				delete: func(_ *refView, s refSides) rules.Truth {
					n, ok := s.doc.vals["level"].(int64)
					if !ok {
						return rules.Unknown
					}
					return definite(n > 1)
				}},
		},
	}
	return newRefSchema("desk", "User", "sub", team, user, member, item, note)
}
