package main

import (
	"strings"

	"flora.dev/flora/rules"
)

// desk is testdata/interference/desk.graphql once more, by hand: its fields
// with pools of values, and each rule as a function of three values, written
// from what the language says. It shares nothing with the loader.
func desk() *refSchema {
	auditor := holds("auditor")
	subIsMine := func(v *refView, s refSides) refTruth { return v.isMe(s.new.val("sub")) }
	// adminOf: the caller is an ADMIN among the members of a team.
	adminOf := func(v *refView, team any) refTruth {
		return v.hop("Team", team, func(t *refDoc) refTruth {
			return v.exists("Member", "team", t.key(), func(m *refDoc) refTruth {
				return and(v.isUser(m.val("user")), equal(m.val("role"), "ADMIN"))
			})
		})
	}
	ownAdmin := func(v *refView, s refSides) refTruth { return adminOf(v, s.doc.key()) }
	teamAdmin := func(v *refView, s refSides) refTruth { return adminOf(v, s.doc.val("team")) }

	text := func(name string, pool []any) *refField { return value(name, rules.String, pool...) }

	user := &refType{name: "User", plural: "users",
		fields: []*refField{
			text("sub", []any{"alice", "bob", "carol", "dave", "erin"}).needed().key().readBy(self).writtenBy(subIsMine, never),
			text("name", words).needed(),
			boolean("listed"),
			text("phone", words).readBy(either(self, auditor)),
			ref("team", "Team").writtenBy(never, func(v *refView, _ refSides) refTruth { return v.role("admin") }),
			many("owned", "Item", "owner"), many("managed", "Item", "manager"), many("members", "Member", "user"),
		},
		grants: []refGrant{{
			read: func(v *refView, s refSides) refTruth {
				mate := isUnknown
				if u := v.user(); u != nil {
					mate = equal(s.doc.val("team"), u.val("team"))
				}
				return and(definite(v.who.signedIn),
					or(bare(s.doc.val("listed")), v.isUser(s.doc.key()), and(not(equal(s.doc.val("team"), nil)), mate)))
			},
			create: subIsMine, update: self}},
	}
	team := &refType{name: "Team", plural: "teams",
		fields: []*refField{
			text("name", codes).needed().key(),
			boolean("open"),
			text("code", codes).key().readBy(auditor),
			number("budget").readBy(func(v *refView, s refSides) refTruth {
				return v.all("Member", "team", s.doc.key(), func(m *refDoc) refTruth { return not(equal(m.val("role"), "GUEST")) })
			}),
			many("users", "User", "team"), many("members", "Member", "team"), many("items", "Item", "team"), many("notes", "Note", "team"),
		},
		grants: []refGrant{{
			read: func(v *refView, s refSides) refTruth {
				return or(bare(s.doc.val("open")), v.exists("Member", "team", s.doc.key(), func(m *refDoc) refTruth { return v.isUser(m.val("user")) }))
			},
			create: ifSignedIn, update: ownAdmin, delete: ownAdmin}},
	}
	member := &refType{name: "Member", plural: "members", uniques: [][]string{{"team", "user"}},
		fields: []*refField{
			ref("team", "Team").needed(), ref("user", "User").needed(),
			text("role", []any{"ADMIN", "ADMIN", "MEMBER", "GUEST"}),
			text("note", words).readBy(userOf("user")).loud(),
		},
		grants: []refGrant{{read: either(userOf("user"), teamAdmin), create: teamAdmin, update: teamAdmin, delete: teamAdmin}},
	}
	sameOrg := func(v *refView, s refSides) refTruth { return v.isClaim("org", s.doc.val("org")) }
	item := &refType{name: "Item", plural: "items",
		fields: []*refField{
			text("title", words).needed(),
			text("sku", codes).key(),
			text("serial", codes).key().readBy(userOf("owner")),
			{name: "price", kind: rules.Float, pool: []any{0.5, 1.25, 12.5}},
			number("rank"), boolean("archived"), text("locked", words), text("org", []any{"acme", "bolt", ""}),
			{name: "status", kind: rules.Enum, pool: []any{"DRAFT", "OPEN", "OPEN", "DONE"}, byDefault: constant("DRAFT")},
			ref("owner", "User"), ref("team", "Team"),
			ref("manager", "User").readBy(either(userOf("owner"), auditor)),
			number("cost").readBy(userOf("owner")).writtenBy(nil, userOf("owner")),
			text("secret", words).readBy(auditor).loud(),
			many("notes", "Note", "item"),
		},
		grants: []refGrant{
			{
				read: func(v *refView, s refSides) refTruth {
					return or(v.isUser(s.doc.val("owner")), and(equal(s.doc.val("status"), "OPEN"), not(bare(s.doc.val("archived")))), sameOrg(v, s))
				},
				create: either(userOf("owner"), sameOrg),
				update: func(v *refView, s refSides) refTruth {
					return and(v.isUser(s.doc.val("owner")), not(equal(s.old.val("status"), "DONE")))
				},
				delete: userOf("owner"),
			},
			{read: func(v *refView, s refSides) refTruth {
				return and(not(v.hasClaim("limits", "items")), ifNumber(s.doc.val("rank"), func(n int64) bool { return n < 2 }))
			}},
			{update: teamAdmin},
			{update: func(_ *refView, s refSides) refTruth { return equal(s.doc.val("rank"), int64(0)) }},
			{role: "editor",
				update: func(_ *refView, s refSides) refTruth {
					return and(equal(s.new.val("locked"), nil), equal(s.doc.val("status"), "OPEN"))
				},
				stored: func(_ *refView, s refSides) refTruth { return equal(s.doc.val("status"), "OPEN") }},
		},
	}
	note := &refType{name: "Note", plural: "notes",
		fields: []*refField{
			text("text", words),
			number("level").byDefaultIs(constant(int64(1))),
			ref("team", "Team"), ref("item", "Item"),
			ref("author", "User").with(func(f *refField) { f.onCreate = callersDocument }),
			text("stamp", words).byDefaultIs(callersIdentity),
		},
		grants: []refGrant{
			{read: userOf("author"), create: ifSignedIn, update: userOf("author"), delete: userOf("author")},
			{read: func(v *refView, s refSides) refTruth {
				return v.hop("Team", s.doc.val("team"), func(t *refDoc) refTruth {
					return v.all("Member", "team", t.key(), func(m *refDoc) refTruth { return v.isUser(m.val("user")) })
				})
			}},
			{role: "moderator",
				read: func(_ *refView, s refSides) refTruth {
					return not(ifText(s.doc.val("text"), func(t string) bool { return strings.HasPrefix(t, "x") }))
				},
				delete: func(_ *refView, s refSides) refTruth {
					return ifNumber(s.doc.val("level"), func(n int64) bool { return n > 1 })
				}},
		},
	}
	s := newRefSchema("desk", "User", "sub", team, user, member, item, note)
	s.caller, s.lively = deskCaller, [][2]string{{"Member", "user"}}
	return s
}

// deskCaller is a random caller; claims are missing, null and of the wrong type too.
func deskCaller(g *generator) *refCaller {
	c := g.somebody()
	if !c.signedIn {
		return c
	}
	// Few kinds of tokens: each is signed once.
	c.roles = choose(g, nil, nil, []string{"auditor"}, []string{"editor"}, []string{"moderator"}, []string{"admin"},
		[]string{"auditor", "moderator"}, []string{"editor", "admin"})
	c.claims = choose(g, []map[string]any{{}, {"org": "acme"}, {"org": "acme", "limits": map[string]any{}}, {"org": "bolt", "limits": "x"},
		{"org": "", "limits": map[string]any{"items": nil}}, {"org": nil, "limits": map[string]any{"items": 1}}, {"org": 5, "limits": nil},
		{"org": []any{"acme"}, "limits": map[string]any{}}, {"limits": map[string]any{}}}...)
	return c
}
