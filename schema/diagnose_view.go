package schema

import (
	"maps"
	"regexp"
	"strings"
	"time"
	"unicode"

	"flora.dev/flora/rules"
)

// view evaluates predicates in a model. A document has a name by which it is
// the same document wherever it is reached.
type view struct {
	*model
	names map[rules.Var]string
	// caller decides what depends on the token alone; nil leaves it open.
	caller *rules.Caller
	// own are the documents whose columns are open. Where it is not nil, what
	// rules read elsewhere is unknown: stored facts are against the caller.
	own map[string]bool
	// replaced gives a column as something else: a constant, another column.
	replaced func(document string, f *rules.Field) rules.Operand
	// many decides a quantifier; ok is false where it does not know it.
	many func(v view, p rules.Many) (t rules.Truth, ok bool)
}

// named is the view with one more document.
func (v view) named(x rules.Var, name string) view {
	names := maps.Clone(v.names)
	if names == nil {
		names = map[rules.Var]string{}
	}
	names[x] = name
	v.names = names
	return v
}

func (v view) pred(p rules.Pred) rules.Truth {
	switch p := p.(type) {
	case rules.Truth:
		return p
	case rules.And:
		return v.all(p, rules.False)
	case rules.Or:
		return v.all(p, rules.True)
	case rules.Not:
		return negated(v.pred(p.P))
	case rules.If:
		c, then, other := v.pred(p.Cond), v.pred(p.Then), v.pred(p.Else)
		switch c {
		case rules.True:
			return then
		case rules.False:
			return other
		}
		return rules.Unknown
	case rules.Definite:
		return is(v.pred(p.P) == rules.True)
	case rules.SlotTest:
		return v.slot(p)
	case rules.Test:
		x := v.resolve(p.X)
		if key, open := v.key(x); open && !v.gathering {
			if f := fieldOf(x); f != nil && v.spotOf(key, f).null {
				return rules.Unknown
			}
		}
		return v.compare(rules.Eq, x, rules.Val{Value: rules.Value{Kind: rules.Bool, V: true}}, p)
	case rules.Cmp:
		return v.compare(p.Op, p.L, p.R, p)
	case rules.IsNull:
		return v.isNull(p)
	case rules.In:
		return v.in(p)
	case rules.Match:
		return v.opaque(p, p.X, p.Y)
	case rules.One:
		return v.one(p)
	case rules.User:
		return v.user(p)
	case rules.Many:
		if v.many != nil {
			if t, ok := v.many(v, p); ok {
				return t
			}
		}
		if v.own != nil {
			return rules.Unknown
		}
	}
	return v.opaque(p)
}

// slot decides what touches no document. Roles and being signed in are told
// apart; what else the token says may be anything.
func (v view) slot(p rules.SlotTest) rules.Truth {
	c := v.caller
	if c == nil {
		if strings.IndexFunc(callerWords.ReplaceAllString(p.Slot.Text, ""), unicode.IsLetter) >= 0 {
			return v.truth("{"+p.Slot.Text+"}", true)
		}
		c = rules.Anonymous(time.Unix(0, 0))
		if v.choose("signed in", 2) == 0 {
			c = rules.NewCaller("someone", nil, time.Unix(0, 0))
			for _, role := range rolesIn(p.Slot.Text) {
				if v.choose("role "+role, 2) == 0 {
					c.Grant(role)
				}
			}
		}
	}
	t, _ := c.Fold(p, rules.Binding{}).(rules.Truth)
	return t
}

var (
	roleCall    = regexp.MustCompile(`\bHasRole\(\s*(?:'([^'\\]*)'|"([^"\\]*)")\s*\)`)
	callerWords = regexp.MustCompile(roleCall.String() + `|\b(?:HasCurrentIdentity|signedIn|anyone|true|false)\b`)
)

// rolesIn are the roles that an expression names.
func rolesIn(text string) (names []string) {
	for _, m := range roleCall.FindAllStringSubmatch(text, -1) {
		names = append(names, m[1]+m[2])
	}
	return names
}

// all is the conjunction (with False decisive) or disjunction of ps.
func (v view) all(ps []rules.Pred, decisive rules.Truth) rules.Truth {
	result := negated(decisive)
	for _, p := range ps {
		switch t := v.pred(p); {
		case t == decisive && !v.gathering:
			return t
		case t == rules.Unknown:
			result = t
		}
	}
	return result
}

func negated(t rules.Truth) rules.Truth {
	switch t {
	case rules.True:
		return rules.False
	case rules.False:
		return rules.True
	}
	return rules.Unknown
}

func (v view) one(p rules.One) rules.Truth {
	from := v.resolve(p.From)
	key, _ := v.key(from)
	col, isCol := from.(rules.Col)
	there := isCol && col.Field.NonNull
	if p.Key != nil { // the document that refers to this one
		key, there = p.Key.Path()+" is "+key, false
	}
	if v.own == nil && !there && v.choose("there is "+key, 2) == 1 && !v.gathering {
		return rules.Unknown
	}
	return v.named(p.Var, key).pred(p.Body)
}

func (v view) user(p rules.User) rules.Truth {
	if v.own == nil && v.choose("there is the user in "+p.Object.Name, 2) == 1 && !v.gathering {
		return rules.Unknown
	}
	return v.named(p.Var, userName(p.Object)).pred(p.Body)
}

func userName(o *rules.Object) string { return "CurrentUser " + o.Name }

// resolve applies replacements.
func (v view) resolve(x rules.Operand) rules.Operand {
	if m, ok := x.(rules.Member); ok {
		if y, stays := v.resolve(m.X).(rules.Col); stays {
			m.X = y
		}
		return m
	}
	if c, ok := x.(rules.Col); ok && v.replaced != nil {
		if y := v.replaced(v.names[c.Var], c.Field); y != nil {
			return y
		}
	}
	return x
}

// key names an operand; open is false where it is a stored fact that counts
// against the caller.
func (v view) key(x rules.Operand) (key string, open bool) {
	switch x := x.(type) {
	case rules.Col:
		name, known := v.names[x.Var]
		if !known {
			name = rules.Print(rules.Test{X: x}) // of a document that is not told apart
		}
		key := name + "." + x.Field.Name
		if x.Field == x.Field.Object.Key {
			key = name // a reference to a document and its key are one
		}
		mine := strings.HasPrefix(name, "CurrentUser ") && x.Field == x.Field.Object.Key
		return key, v.own == nil || v.own[name] || mine
	case rules.SlotRef:
		known := true
		if v.caller != nil {
			same := v.caller.Fold(rules.Cmp{Op: rules.Eq, L: x, R: x}, rules.Binding{})
			known = same == rules.True
		}
		return "{" + x.Slot.Text + "}", v.own == nil || known
	case rules.Size:
		key, open := v.key(v.resolve(x.X))
		return "size of " + key, open
	case rules.Member:
		key, open := v.key(v.resolve(x.X))
		return key + "." + x.Path, open
	case rules.Val:
		return rules.Print(rules.Test{X: x}), true
	}
	return rules.Print(rules.Test{X: x}), v.own == nil
}

// compare decides a comparison. What it is of and cannot be looked into is p.
func (v view) compare(op rules.Op, l, r rules.Operand, p rules.Pred) rules.Truth {
	l, r = v.resolve(l), v.resolve(r)
	a, open1 := v.key(l)
	b, open2 := v.key(r)
	if !open1 || !open2 {
		return rules.Unknown
	}
	if _, ok := l.(rules.Val); ok {
		l, r, a, b = r, l, b, a
		op = [...]rules.Op{rules.Eq: rules.Eq, rules.Ne: rules.Ne, rules.Lt: rules.Gt, rules.Le: rules.Ge, rules.Gt: rules.Lt, rules.Ge: rules.Le}[op]
	}
	if c, ok := r.(rules.Val); ok {
		return v.constant(op, l, a, c, p)
	}
	equality := op == rules.Eq || op == rules.Ne
	if !equality {
		return v.opaque(p, l, r)
	}
	t := rules.True
	if a != b {
		if v.changed(l, r) {
			return is(op == rules.Ne)
		}
		if a > b {
			a, b = b, a
		}
		_, slot1 := l.(rules.SlotRef)
		_, slot2 := r.(rules.SlotRef)
		t = v.truth(a+" == "+b, v.caller == nil && (slot1 || slot2))
	}
	if op == rules.Ne {
		return negated(t)
	}
	return t
}

// changed reports whether two operands are one field before and after a change
// that does not keep it.
func (v view) changed(l, r rules.Operand) bool {
	a, ok1 := l.(rules.Col)
	b, ok2 := r.(rules.Col)
	if !ok1 || !ok2 || a.Field != b.Field || a.Var == b.Var || a.Var+b.Var != rules.Old+rules.New {
		return false
	}
	_, asked := v.memo["changes "+a.Field.Name]
	return asked
}

// constant compares a term with a constant.
func (v view) constant(op rules.Op, x rules.Operand, key string, c rules.Val, p rules.Pred) rules.Truth {
	if c.Value.List {
		return v.opaque(p, x)
	}
	if k, ok := x.(rules.Val); ok { // a replaced column
		switch d := order(k.Value.V, c.Value.V); {
		case k.Value.V == nil || c.Value.V == nil:
			return rules.Unknown
		case op == rules.Eq:
			return is(d == 0)
		case op == rules.Ne:
			return is(d != 0)
		default:
			return v.opaque(p, x)
		}
	}
	f := fieldOf(x)
	if f != nil && f.List || c.Value.V == nil {
		return v.opaque(p, x)
	}
	if f == nil && !v.gathering && v.spotOf(key, nil).null { // the size of null is unknown
		return rules.Unknown
	}
	return v.model.compare(op, key, f, c.Value.V)
}

// fieldOf is the field of a column, or of a value in an embedded one, which may
// always be null; nil for other operands.
func fieldOf(x rules.Operand) *rules.Field {
	switch x := x.(type) {
	case rules.Col:
		return x.Field
	case rules.Member:
		f := &rules.Field{Name: x.Path, Kind: x.Kind, List: x.List}
		if c, ok := x.X.(rules.Col); ok {
			if m := memberOf(c.Field, c.Field.Name+"."+x.Path); m != nil {
				f.Values = m.Values
			}
		}
		return f
	}
	return nil
}

func memberOf(f *rules.Field, name string) *rules.Field {
	for _, m := range f.Members {
		if m.Name == name {
			return m
		}
		if inside := memberOf(m, name); inside != nil {
			return inside
		}
	}
	return nil
}

func (v view) isNull(p rules.IsNull) rules.Truth {
	x := v.resolve(p.X)
	key, open := v.key(x)
	if !open {
		return rules.Unknown
	}
	f := fieldOf(x)
	if f == nil || f.List || v.gathering {
		return v.opaque(p, x)
	}
	return is(v.spotOf(key, f).null)
}

func (v view) in(p rules.In) rules.Truth {
	list, ok := p.List.(rules.Val)
	if !ok {
		return v.opaque(p, p.X, p.List)
	}
	elements, _ := list.Value.V.([]any)
	if list.Value.V == nil || p.Tainted {
		return v.opaque(p, p.X)
	}
	result := rules.False
	for _, e := range elements {
		switch v.compare(rules.Eq, p.X, rules.Val{Value: rules.Value{Kind: list.Value.Kind, V: e}}, p) {
		case rules.True:
			if !v.gathering {
				return rules.True
			}
		case rules.Unknown:
			result = rules.Unknown
		}
	}
	return result
}

// opaque is any truth for a predicate, the same wherever it stands with the
// same documents. of are the operands that it must be able to look at.
func (v view) opaque(p rules.Pred, of ...rules.Operand) rules.Truth {
	for _, x := range of {
		if _, open := v.key(v.resolve(x)); !open {
			return rules.Unknown
		}
	}
	key := rules.Print(p)
	for _, c := range columns(p) {
		name := v.names[c.Var]
		if r, ok := v.resolve(c).(rules.Col); ok {
			name, _ = v.key(r)
		}
		key += "|" + name
	}
	return v.truth(key, true)
}
