package main

import (
	"fmt"
	"math"

	"flora.dev/flora/rules"
)

// shop is testdata/interference/shop.graphql once more, by hand, as desk is the
// other one.
func shop() *refSchema {
	boss := holds("boss")
	signedInAs := func(v *refView, s refSides) refTruth { return v.isMe(s.new.val("sub")) }
	// works: the caller has an active job in a shop.
	works := func(v *refView, shop any) refTruth {
		return v.exists("Job", "shop", shop, func(j *refDoc) refTruth {
			return and(v.isUser(j.val("person")), bare(j.val("active")))
		})
	}
	ownerOf := func(v *refView, shop any) refTruth {
		return v.hop("Shop", shop, func(s *refDoc) refTruth { return v.isUser(s.val("owner")) })
	}
	sells := func(v *refView, s refSides) refTruth {
		return or(ownerOf(v, s.doc.val("shop")),
			v.hop("Shop", s.doc.val("shop"), func(x *refDoc) refTruth { return works(v, x.key()) }))
	}
	ownsShop := func(v *refView, s refSides) refTruth { return ownerOf(v, s.doc.val("shop")) }
	less := func(x any, n int64) refTruth { return ifNumber(x, func(m int64) bool { return m < n }) }
	sideOf := func(field string, of func(x any) refTruth) refRule {
		return func(_ *refView, s refSides) refTruth { return of(s.new.val(field)) }
	}
	nobody := func(field string) refRule {
		return func(_ *refView, s refSides) refTruth { return equal(s.doc.val(field), nil) }
	}

	names := []any{"ab", "AB", "Ab", "x1", "éa", "ÉA"}
	longs := []any{int64(0), int64(1), int64(3), int64(5), int64(9_007_199_254_740_993), int64(math.MaxInt64)}
	days := []any{"2024-02-29", "2025-01-01", "1999-12-31"}
	times := []any{int64(1_700_000_000_000_000), int64(1_767_225_599_999_999), int64(1_767_225_600_000_000), int64(1_790_000_000_120_000)}
	var uuids []any
	for i := range 8 {
		uuids = append(uuids, fmt.Sprintf("%08x-0000-4000-8000-000000000abc", i))
	}
	text := func(name string, pool ...any) *refField { return value(name, rules.String, pool...) }

	person := &refType{name: "Person", plural: "persons",
		fields: []*refField{
			text("sub", "alice", "bob", "carol", "dave", "erin").needed().key().writtenBy(signedInAs, never),
			text("name", names...).needed().folded(),
			text("handle", "h1", "H1", "h2", "H2", "h3", "h4").key().folded().readBy(either(self, boss)),
			boolean("open"),
			boolean("trusted").writtenBy(boss, boss),
			value("born", rules.Date, days...).readBy(self),
			inlined("home", text("city", words...).needed(), number("floor"),
				inlined("geo", value("lat", rules.Float, 0.5, -1.25), value("since", rules.Date, days...))).readBy(either(self, is("open"))),
			ref("boss", "Person").deleted(rules.SetNull),
			many("reports", "Person", "boss"),
			link("friends", "Person", "friendOf", "Person_friends", "personID", "friendsID"),
			link("friendOf", "Person", "friends", "Person_friends", "friendsID", "personID").readBy(self),
			many("shops", "Shop", "owner"), many("jobs", "Job", "person"),
			inverse("badge", "Badge", "person").readBy(either(self, boss)).writtenBy(nil, self),
			link("likes", "Product", "fans", "Person_likes", "personID", "productID").owns(),
			many("keeps", "Tag", "keeper"),
		},
		grants: []refGrant{
			{read: either(is("open"), self, userOf("boss")), create: signedInAs, update: self, delete: self},
			{role: "boss", update: is("open")},
		},
	}
	shop := &refType{name: "Shop", plural: "shops",
		fields: []*refField{
			text("name", "s", "k1", "k2", "k3", "k4", "k5", "k6", "k7").needed().key().checked(func(_ *refView, s refSides) refTruth {
				return ifText(s.doc.val("name"), func(t string) bool { return len(t) > 1 })
			}),
			boolean("closed").needed().byDefaultIs(constant(false)),
			value("rank", rules.Int, int64(0), int64(1), int64(2), int64(4), int64(5), int64(7), int64(9)).checked(func(v *refView, s refSides) refTruth {
				return or(less(s.doc.val("rank"), 8), boss(v, s))
			}),
			text("region", "north", "south", ""),
			value("opened", rules.Time, times...),
			text("touched", "alice", "bob").with(func(f *refField) { f.onUpdate = callersIdentity }),
			ref("owner", "Person").needed().deleted(rules.Cascade),
			many("jobs", "Job", "shop"), many("products", "Product", "shop"),
		},
		grants: []refGrant{
			{read: func(v *refView, s refSides) refTruth {
				return or(not(bare(s.doc.val("closed"))), v.isUser(s.doc.val("owner")), works(v, s.doc.key()))
			}, create: userOf("owner"), update: userOf("owner"), delete: userOf("owner")},
			{read: func(v *refView, s refSides) refTruth { return v.isClaim("region", s.doc.val("region")) }},
			{role: "trusted", read: always,
				update: func(_ *refView, s refSides) refTruth {
					return and(less(s.old.val("rank"), 5), less(s.new.val("rank"), 6), not(equal(s.doc.val("rank"), int64(2))))
				},
				stored: func(_ *refView, s refSides) refTruth {
					return and(less(s.doc.val("rank"), 5), not(equal(s.doc.val("rank"), int64(2))))
				}},
		},
		checks: []refRule{func(_ *refView, s refSides) refTruth {
			return or(bare(s.doc.val("closed")), equal(s.doc.val("opened"), nil), less(s.doc.val("opened"), 1_767_225_600_000_000))
		}},
	}
	pay := func(x any) refTruth { return less(x, 7) }
	job := &refType{name: "Job", plural: "jobs", uniques: [][]string{{"shop", "person"}},
		fields: []*refField{
			ref("shop", "Shop").needed().deleted(rules.Cascade), ref("person", "Person").needed(),
			boolean("active").needed().byDefaultIs(constant(true)),
			value("pay", rules.Long, longs...).readBy(either(userOf("person"), ownsShop)).writtenBy(sideOf("pay", pay),
				func(_ *refView, s refSides) refTruth {
					return and(not(less(s.new.val("pay"), 0)), pay(s.new.val("pay")))
				}),
		},
		grants: []refGrant{
			{read: either(userOf("person"), ownsShop), create: ownsShop, update: ownsShop, delete: ownsShop},
			{role: "boss", read: func(v *refView, _ refSides) refTruth { return v.claimAbove("level", 1) }},
		},
	}
	product := &refType{name: "Product", plural: "products",
		fields: []*refField{
			text("name", words...).needed(),
			value("code", rules.UUID, uuids...).key(),
			value("price", rules.Decimal, "1.5", "2", "10.25").readBy(sells),
			number("stock").writtenBy(nil, func(_ *refView, s refSides) refTruth {
				grows := isUnknown
				if a, ok := s.new.val("stock").(int64); ok {
					grows = ifNumber(s.old.val("stock"), func(b int64) bool { return a >= b })
				} else if s.new.val("stock") != nil {
					grows = isOpen
				}
				return or(grows, less(s.new.val("stock"), 3))
			}),
			text("labels", "a", "b", "c").listed(),
			value("marks", rules.Int, int64(1), int64(2), int64(3)).listed().readBy(sells).writtenBy(nil, sells),
			value("sold", rules.Long, longs...).readBy(either(boss, ownsShop)).writtenBy(boss, func(v *refView, s refSides) refTruth {
				return or(less(s.new.val("sold"), 4), boss(v, s))
			}),
			value("launched", rules.Time, times...),
			boolean("secret").needed().byDefaultIs(constant(false)),
			ref("shop", "Shop").needed().deleted(rules.Cascade),
			ref("maker", "Person").deleted(rules.SetNull).readBy(sells),
			ref("base", "Product"), many("variants", "Product", "base"),
			link("tags", "Tag", "products", "Product_tags", "productID", "tagID"),
			link("fans", "Person", "likes", "Person_likes", "productID", "personID").readBy(sells),
		},
		grants: []refGrant{
			{read: either(isNot("secret"), sells), create: sells, update: sells, delete: sells},
			{role: "trusted",
				read:   func(_ *refView, s refSides) refTruth { return not(less(s.doc.val("stock"), 2)) },
				update: func(_ *refView, s refSides) refTruth { return not(equal(s.doc.val("stock"), int64(5))) }},
		},
		checks: []refRule{func(v *refView, s refSides) refTruth {
			return or(equal(s.doc.val("base"), nil), v.hop("Product", s.doc.val("base"), func(b *refDoc) refTruth {
				return equal(b.val("shop"), s.doc.val("shop"))
			}))
		}},
	}
	thawed := either(nobody("frozen"), isNot("frozen"))
	tag := &refType{name: "Tag", plural: "tags",
		fields: []*refField{
			text("name", append(names, codes...)...).needed().key().folded(),
			boolean("hidden"), boolean("frozen"),
			ref("keeper", "Person").byDefaultIs(callersDocument),
			link("products", "Product", "tags", "Product_tags", "tagID", "productID").writtenBy(thawed,
				func(v *refView, s refSides) refTruth { return thawed(v, alone(s.old)) }),
		},
		grants: []refGrant{
			{read: either(isNot("hidden"), userOf("keeper")), create: ifSignedIn, update: userOf("keeper"), delete: userOf("keeper")},
			{role: "boss", read: always, update: nobody("keeper")},
		},
	}
	badge := &refType{name: "Badge", plural: "badges",
		fields: []*refField{
			text("number", codes...).needed().key(),
			boolean("private"),
			ref("person", "Person").key().deleted(rules.SetNull).writtenBy(nil, either(nobody("person"), userOf("person"))),
		},
		grants: []refGrant{
			{read: either(isNot("private"), userOf("person")), create: userOf("person"), update: userOf("person"), delete: userOf("person")},
			{role: "boss", update: isNot("private")},
		},
	}
	s := newRefSchema("shop", "Person", "sub", person, shop, job, product, tag, badge)
	s.roles = map[string]refRule{
		"boss": func(v *refView, _ refSides) refTruth { return v.inClaim("https://shop.example/groups", "boss") },
		"trusted": func(v *refView, _ refSides) refTruth {
			u := v.user()
			switch {
			case u == nil:
				return isUnknown
			case u.dark:
				return isOpen
			}
			return bare(u.val("trusted"))
		},
	}
	s.caller = shopCaller
	s.refused = [][2]string{{"floor: Int", `floor: Int @auth(read: "false")`}, {"geo: Geo", `geo: Geo @auth(read: "HasRole('boss')")`}}
	s.lively = [][2]string{{"Shop", "owner"}, {"Shop", "owner"}, {"Job", "person"}, {"Badge", "person"}, {"Tag", "keeper"}}
	return s
}

func shopCaller(g *generator) *refCaller {
	c := g.somebody()
	if !c.signedIn {
		return c
	}
	const groups = "https://shop.example/groups"
	c.claims = choose(g, []map[string]any{{}, {}, {groups: []any{"boss"}}, {groups: []any{"clerk", "boss"}, "region": "north", "level": 2},
		{groups: []any{"clerk"}, "region": "north"}, {groups: "boss", "region": "south"}, {groups: nil, "region": nil}, {groups: []any{}, "region": 5},
		{groups: []any{"boss"}, "level": "2", "region": ""}, {groups: []any{5, "boss"}, "level": 1}, {groups: []any{5}, "region": "north"}}...)
	return c
}
