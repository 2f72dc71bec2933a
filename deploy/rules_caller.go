package deploy

import (
	"encoding/json"
	"math/rand/v2"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"flora.dev/flora/rules"
	"flora.dev/flora/schema"
)

// maxCallers bounds the callers that one question is put to.
const maxCallers = 64

// asked is what the parts of rules that touch no document ask of a caller.
type asked struct {
	roles, providers, vouched []string
	claims                    []claimAsked
	subjects                  []string
}

// claimAsked is a claim and the values it may have, the likeliest first.
type claimAsked struct {
	path   []string // a.b: a member of a claim
	likely []any    // what it is compared with
	values []any    // others
}

// all are the values of a claim.
func (c claimAsked) all() []any { return slices.Concat(c.likely, c.values) }

var (
	askedRole     = regexp.MustCompile(`HasRole\(\s*(?:"([^"]+)"|'([^']+)')\s*\)`)
	askedProvider = regexp.MustCompile(`^provider "(.+)"$`)
	askedLink     = regexp.MustCompile(`^the vouched claim (.+)$`)
	askedClaim    = regexp.MustCompile(`CurrentToken\(\)(?:\[\s*(?:"([^"]+)"|'([^']+)')\s*\]|((?:\.[A-Za-z_]\w*)+)(\()?)`)
	askedText     = regexp.MustCompile(`"([^"\\]*)"|'([^'\\]*)'`)
	askedNumber   = regexp.MustCompile(`-?\b\d+(?:\.\d+)?\b`)
)

// callers are those a question is put to, the simplest first: without a token,
// with one that says nothing, then with what the rules ask for.
func (q *question) callers(p *pair, r *rand.Rand) (list []Caller) {
	a := &asked{subjects: []string{"alice"}}
	for side := range 2 {
		for _, pred := range q.preds(side) {
			a.pred(p.schemas[side], pred)
		}
		for _, f := range q.sets[side] {
			a.slot(p.schemas[side], f.Set.Text)
			for _, c := range p.schemas[side].Me {
				if strings.Contains(f.Set.Text, "CurrentUser") {
					a.linked(c.Object)
				}
			}
		}
	}
	list = append(list, Caller{})
	for _, s := range a.subjects {
		list = append(list, Caller{Subject: s, Vouches: a.vouched})
	}
	bare := list[1]
	for _, role := range a.roles {
		c := bare
		c.Roles = []string{role}
		list = append(list, c)
	}
	for _, name := range a.providers {
		c := bare
		c.Provider = name
		list = append(list, c)
	}
	for _, claim := range a.claims {
		for _, v := range claim.all()[:min(8, len(claim.all()))] {
			c := bare
			c.Claims = map[string]any{}
			claim.put(c.Claims, v)
			list = append(list, c)
		}
	}
	if len(a.roles)+len(a.claims)+len(a.providers)+len(a.subjects) > 2 {
		for len(list) < maxCallers {
			list = append(list, a.random(r, bare))
		}
	}
	return list[:min(len(list), maxCallers)]
}

// random is a caller with some of what is asked for.
func (a *asked) random(r *rand.Rand, c Caller) Caller {
	c.Subject = a.subjects[r.IntN(len(a.subjects))]
	for _, role := range a.roles {
		if r.IntN(3) == 0 {
			c.Roles = append(c.Roles, role)
		}
	}
	if n := len(a.providers); n > 0 && r.IntN(4) > 0 {
		c.Provider = a.providers[r.IntN(n)]
	}
	c.Claims = map[string]any{}
	for _, claim := range a.claims {
		if r.IntN(5) > 0 {
			all := claim.all()
			claim.put(c.Claims, all[min(r.IntN(len(all)), r.IntN(len(all)))])
		}
	}
	return c
}

// put sets the claim in a token.
func (c claimAsked) put(token map[string]any, v any) {
	for _, name := range c.path[:len(c.path)-1] {
		next, ok := token[name].(map[string]any)
		if !ok {
			next = map[string]any{}
			token[name] = next
		}
		token = next
	}
	token[c.path[len(c.path)-1]] = v
}

func (a *asked) pred(s *schema.Schema, p rules.Pred) {
	visit(p, func(p rules.Pred) {
		switch p := p.(type) {
		case rules.SlotTest:
			a.slot(s, p.Slot.Text)
		case rules.User:
			a.linked(p.Object)
		}
	}, func(x rules.Operand) {
		if x, ok := x.(rules.SlotRef); ok {
			var typed []any // as the column is
			for _, v := range simple(&column{Field: &rules.Field{Kind: x.Kind}}) {
				if v = plain(x.Kind, v); x.List {
					v = []any{v}
				}
				typed = append(typed, v)
			}
			a.slot(s, x.Slot.Text, typed[:min(3, len(typed))]...)
		}
	})
}

// slot notes what the text of a part asks for, and values that it may have.
func (a *asked) slot(s *schema.Schema, text string, typed ...any) {
	if m := askedProvider.FindStringSubmatch(text); m != nil {
		a.providers = added(a.providers, m[1])
		return
	}
	if m := askedLink.FindStringSubmatch(text); m != nil {
		return // with its User
	}
	for _, m := range askedRole.FindAllStringSubmatch(text, -1) {
		a.roles = added(a.roles, m[1]+m[2])
	}
	var literals []any
	for _, m := range askedText.FindAllStringSubmatch(askedClaim.ReplaceAllString(askedRole.ReplaceAllString(text, ""), ""), -1) {
		s := m[1] + m[2] // and what contains it
		literals = append(literals, s, s+"z", "z"+s)
		if strings.Contains(text, "CurrentIdentity") && s != "" {
			a.subjects = added(added(added(a.subjects, s), s+"z"), "z"+s)
		}
	}
	var numbers []any
	for _, n := range askedNumber.FindAllString(askedText.ReplaceAllString(text, ""), -1) {
		numbers = append(numbers, json.Number(n))
		if i, err := strconv.ParseInt(n, 10, 64); err == nil {
			numbers = append(numbers, json.Number(strconv.FormatInt(i+1, 10)), json.Number(strconv.FormatInt(i-1, 10)))
		}
	}
	for _, m := range askedClaim.FindAllStringSubmatch(text, -1) {
		path := []string{m[1] + m[2]}
		if m[3] != "" {
			path = strings.Split(m[3][1:], ".")
			if m[4] != "" { // the last is a function
				path = path[:len(path)-1]
			}
		}
		if len(path) == 0 {
			continue
		}
		for _, c := range s.Claims {
			if c.Name == path[0] {
				path[0] = c.Key
			}
		}
		a.claim(path, append(slices.Clone(literals), typed...), numbers)
	}
}

func (a *asked) claim(path []string, literals, numbers []any) {
	i := slices.IndexFunc(a.claims, func(c claimAsked) bool { return slices.Equal(c.path, path) })
	fresh := i < 0
	if fresh {
		i = len(a.claims)
		a.claims = append(a.claims, claimAsked{path: path})
	}
	c := &a.claims[i]
	for _, v := range slices.Concat(literals, numbers) {
		if !has(c.likely, v) {
			c.likely = append(c.likely, v)
		}
		for _, list := range []any{[]any{v}, []any{v, "a"}} {
			if !has(c.values, list) {
				c.values = append(c.values, list)
			}
		}
	}
	if fresh {
		c.values = append(c.values, true, false, "a", "b", []any{"a"}, json.Number("1"), json.Number("2"), []any{json.Number("1")}, []any{}, nil)
	}
}

// linked notes the claim by which callers find their documents.
func (a *asked) linked(o *rules.Object) {
	if o.Identity == nil {
		return
	}
	value := map[rules.Kind]string{rules.Int: "7", rules.Long: "7", rules.Date: "2026-01-31", rules.Time: "2026-01-31T00:00:00Z",
		rules.UUID: "00000000-0000-4000-8000-000000000007", rules.Decimal: "1.5", rules.String: "alice", rules.ID: "alice"}[o.Identity.Kind]
	if o.Identity.Kind == rules.Enum {
		value = o.Identity.Values[0]
	}
	claim := o.IdentityClaim
	if claim == "" || claim == "sub" {
		a.subjects = added(a.subjects, value)
		return
	}
	a.vouched = added(a.vouched, claim)
	v := any(value)
	switch {
	case o.Identity.Kind == rules.Int || o.Identity.Kind == rules.Long:
		v = json.Number(value)
	case claim == "email":
		v = "alice@example.com"
		a.claim([]string{"email_verified"}, nil, nil)
	}
	a.claim([]string{claim}, []any{v}, nil)
}

func added(list []string, s string) []string {
	if slices.Contains(list, s) {
		return list
	}
	return append(list, s)
}
