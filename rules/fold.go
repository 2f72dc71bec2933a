package rules

// Binding says what is known when a predicate is folded, beside the caller.
type Binding struct {
	// Doc replaces Old, for a rule applied to a document of a larger
	// statement; 0 leaves it.
	Doc Var
	// New gives newDoc.f: a Val or UserVal where the input decides it, a Col
	// of Old where the change leaves the stored value. Old gives the fields of
	// the stored document, where a rule is asked of one that is about to be
	// stored. Nil leaves the column.
	New, Old func(f *Field) Operand
	// Fresh numbers the variables that the predicate binds, so that they are
	// unique in a statement.
	Fresh func() Var
	// Docs are documents known in full: predicates over them are evaluated to
	// the end. User is the document of a collection with an identity, nil if there
	// is none; All are the documents of a collection.
	Docs map[Var]Document
	User func(o *Object, identity Value) Document
	All  func(*Object) []Document
	// Made are documents that are stored before, nil for none.
	Made Made
}

// Document is a known document.
type Document interface {
	Value(f *Field) Value          // _id included; of a reference its key
	One(f *Field) (Document, bool) // false if absent
	Many(f *Field) []Document      // behind the many side of a relation
}

// Counter returns a Fresh that counts up from first.
func Counter(first Var) func() Var {
	return func() Var { first++; return first - 1 }
}

// Fold evaluates what is known of a predicate: slots from the caller, values
// from the binding. What remains is a predicate over stored documents, with
// its variables renumbered; often a Truth.
func (c *Caller) Fold(p Pred, b Binding) Pred {
	f := folder{c: c, b: b}
	if b.Doc != 0 {
		f.rename(Old, b.Doc)
	}
	return f.pred(p)
}

type folder struct {
	c *Caller
	b Binding
	// The variables as they are called in what is folded. There are few, seldom
	// more than vars has room for.
	vars     [6]renamed
	bound    int // of vars
	moreVars []renamed
	// fields are those of the variables that stand for one of Binding.Made.
	fields map[Var]func(*Field) Operand
}

type renamed struct{ from, to Var }

func (f *folder) rename(from, to Var) {
	if f.bound < len(f.vars) {
		f.vars[f.bound] = renamed{from, to}
		f.bound++
		return
	}
	f.moreVars = append(f.moreVars, renamed{from, to})
}

func (f *folder) renamed(v Var) Var {
	for i := len(f.moreVars) - 1; i >= 0; i-- {
		if f.moreVars[i].from == v {
			return f.moreVars[i].to
		}
	}
	for i := f.bound - 1; i >= 0; i-- {
		if f.vars[i].from == v {
			return f.vars[i].to
		}
	}
	return v
}

func (f *folder) bind(v Var) Var {
	n := v
	if f.b.Fresh != nil {
		n = f.b.Fresh()
	}
	f.rename(v, n)
	return n
}

func (f *folder) pred(p Pred) Pred {
	switch p := p.(type) {
	case Truth:
		return p
	case And:
		return f.join(p, True)
	case Or:
		return f.join(p, False)
	case Not:
		return not(f.pred(p.P))
	case If:
		return f.ternary(p)
	case SlotTest:
		return f.c.test(p.Slot)
	case Test:
		x, ok := f.operand(p.X)
		if !ok {
			return Unknown
		}
		if v, ok := x.(Val); ok {
			if v.Value.Null() {
				return Unknown
			}
			return f.compare(Eq, v.Value, Value{Kind: Bool, V: true})
		}
		return Test{x}
	case Cmp:
		return f.cmp(p)
	case IsNull:
		x, ok := f.operand(p.X)
		if !ok {
			return Unknown
		}
		return isNull(x)
	case In:
		return f.in(p)
	case Match:
		x, ok1 := f.operand(p.X)
		y, ok2 := f.operand(p.Y)
		if !ok1 || !ok2 {
			return Unknown
		}
		a, ok1 := x.(Val)
		b, ok2 := y.(Val)
		if ok1 && ok2 {
			if a.Value.isGiven() || b.Value.isGiven() {
				return f.c.trace.compared(askMatch, uint8(p.Op), a.Value, b.Value, false)
			}
			return match(p.Op, a.Value, b.Value)
		}
		if ok1 && a.Value.Null() || ok2 && b.Value.Null() {
			return Unknown
		}
		return Match{p.Op, x, y}
	case One:
		return f.one(p)
	case Many:
		return f.many(p)
	case User:
		return f.user(p)
	case Definite:
		switch q := f.pred(p.P).(type) {
		case Truth:
			return truth(q == True)
		default:
			return Definite{q}
		}
	case Guard:
		r := f.pred(p.Rule)
		if t, ok := r.(Truth); ok && t != True {
			return Unknown
		} else if ok {
			return f.pred(p.P)
		}
		return Guard{r, f.pred(p.P)}
	}
	panic("rules: fold of a predicate that is already positive")
}

// join is the conjunction (neutral True) or disjunction (neutral False) of ps,
// folded as far as it takes to decide.
func (f *folder) join(ps []Pred, neutral Truth) Pred {
	var room [8]Pred
	parts := room[:0]
	for _, p := range ps {
		q := f.pred(p)
		if t, ok := q.(Truth); ok && t != neutral && t != Unknown {
			return t
		}
		parts = append(parts, q)
	}
	return kleene(parts, neutral)
}

func (f *folder) ternary(p If) Pred {
	c := f.pred(p.Cond)
	if t, ok := c.(Truth); ok {
		switch t {
		case True:
			return f.pred(p.Then)
		case False:
			return f.pred(p.Else)
		}
		return Unknown
	}
	return If{c, f.pred(p.Then), f.pred(p.Else)}
}

func (f *folder) cmp(p Cmp) Pred {
	l, ok1 := f.operand(p.L)
	r, ok2 := f.operand(p.R)
	if !ok1 || !ok2 {
		return Unknown
	}
	a, ok1 := l.(Val)
	b, ok2 := r.(Val)
	switch {
	case ok1 && ok2:
		return f.compare(p.Op, a.Value, b.Value)
	case ok1 && a.Value.Null():
		return cmpNull(p.Op, r)
	case ok2 && b.Value.Null():
		return cmpNull(p.Op, l)
	}
	if same(l, r) { // the same field of oldDoc and newDoc, unchanged
		switch p.Op {
		case Eq:
			return True
		case Ne:
			return False
		}
	}
	return Cmp{p.Op, l, r}
}

// compare compares values; of those that are given the caller is asked.
func (f *folder) compare(op Op, a, b Value) Truth {
	if a.isGiven() || b.isGiven() {
		return f.c.trace.compared(askCompare, uint8(op), a, b, false)
	}
	return compare(op, a, b)
}

// same reports that two operands are one and the same column.
func same(l, r Operand) bool {
	a, ok1 := l.(Col)
	b, ok2 := r.(Col)
	return ok1 && ok2 && a == b
}

func cmpNull(op Op, x Operand) Pred {
	switch op {
	case Eq:
		return isNull(x)
	case Ne:
		return not(isNull(x))
	}
	return Unknown
}

func isNull(x Operand) Pred {
	switch x := x.(type) {
	case Val:
		return truth(x.Value.Null())
	case Col:
		if x.Field.NonNull {
			return False
		}
	case Joined, Without:
		return False
	}
	return IsNull{x}
}

func (f *folder) in(p In) Pred {
	x, ok := f.operand(p.X)
	if !ok {
		return Unknown
	}
	tainted := p.Tainted
	list, ok := p.List, true
	if s, is := list.(SlotRef); is {
		var v Value
		v, tainted, ok = f.c.value(s)
		list = Val{v}
	} else {
		list, ok = f.operand(list)
	}
	if !ok {
		return Unknown
	}
	if l, ok := list.(Val); ok {
		if l.Value.Null() {
			return Unknown
		}
		given := l.Value.isGiven() // then it has elements
		if !given && len(l.Value.V.([]any)) == 0 {
			return contains(l.Value, Value{}, tainted)
		}
		if v, ok := x.(Val); ok {
			if given || v.Value.isGiven() {
				return f.c.trace.compared(askContains, 0, l.Value, v.Value, tainted)
			}
			return contains(l.Value, v.Value, tainted)
		}
	}
	return In{x, list, tainted}
}

func (f *folder) one(p One) Pred {
	if d, f0, ok := f.known(p.From); ok { // the hop starts at a known document
		t, there := Document(nil), false
		if p.Key == nil {
			t, there = d.One(f0)
		} else if list := d.Many(&Field{Object: f0.Object, Kind: Ref, Target: p.Target, Back: p.Key}); len(list) > 0 {
			t, there = list[0], true
		}
		if !there {
			return Unknown
		}
		return f.hop(p.Var, t, p.Domain, p.Body)
	}
	from, ok := f.operand(p.From)
	if !ok {
		return Unknown
	}
	if v, ok := from.(Val); ok && v.Value.Null() {
		return Unknown
	}
	unique := p.Key
	if unique == nil {
		unique = p.Target.Key
	}
	if q, ok := f.made(p.Target, unique, from, p.Var, p.Domain, p.Body); ok {
		return q
	}
	v := f.bind(p.Var)
	domain, body := f.pred(p.Domain), f.pred(p.Body)
	if d, ok := domain.(Truth); ok && d != True {
		return Unknown
	}
	if b, ok := body.(Truth); ok {
		// An enforced, required reference always leads somewhere.
		if c, ok := from.(Col); b == Unknown || ok && p.Key == nil && c.Field.NonNull && domain == True {
			return b
		}
	}
	return One{from, p.Key, p.Target, v, domain, body}
}

// hop evaluates a step to a known document.
func (f *folder) hop(v Var, d Document, domain, body Pred) Pred {
	g := f.with(v, d)
	if g.pred(domain) != True {
		return Unknown
	}
	return g.pred(body)
}

func (f *folder) with(v Var, d Document) folder {
	g := *f
	g.b.Docs = map[Var]Document{v: d}
	for k, x := range f.b.Docs {
		if k != v {
			g.b.Docs[k] = x
		}
	}
	return g
}

// known returns the known document whose column x is.
func (f *folder) known(x Operand) (Document, *Field, bool) {
	c, ok := x.(Col)
	if !ok {
		return nil, nil, false
	}
	d, ok := f.b.Docs[c.Var]
	return d, c.Field, ok
}

func (f *folder) many(p Many) Pred {
	if docs, ok := f.ranged(p); ok {
		out := make([]Pred, 0, 8)
		for _, e := range docs {
			g := f.with(p.Var, e)
			if g.pred(p.Domain) == True {
				out = append(out, g.pred(p.Body))
			}
		}
		return kleene(out, truth(p.All))
	}
	if p.Object == nil {
		of, ok := f.operand(p.Of)
		if !ok {
			return Unknown
		}
		p.Of = of
	}
	p.Var = f.bind(p.Var)
	p.Domain, p.Body = f.pred(p.Domain), f.pred(p.Body)
	neutral := truth(p.All)
	if d, ok := p.Domain.(Truth); ok && d != True || p.Body == neutral {
		return neutral
	}
	return p
}

// ranged returns the documents that a Many ranges over, if they are known.
func (f *folder) ranged(p Many) ([]Document, bool) {
	if p.Object != nil {
		if f.b.All == nil {
			return nil, false
		}
		return f.b.All(p.Object), true
	}
	d, _, ok := f.known(p.Of)
	if !ok {
		return nil, false
	}
	return d.Many(p.Field), true
}

func (f *folder) user(p User) Pred {
	id, ok := f.operand(p.Identity)
	if !ok {
		return Unknown
	}
	if f.b.Docs != nil {
		if f.b.User == nil {
			return Unknown
		}
		v, ok := id.(Val)
		if !ok {
			return Unknown
		}
		u := f.b.User(p.Object, v.Value)
		if u == nil {
			return Unknown
		}
		g := f.with(p.Var, u)
		return g.pred(p.Body)
	}
	if q, ok := f.made(p.Object, p.Object.Identity, id, p.Var, True, p.Body); ok {
		return q
	}
	v := f.bind(p.Var)
	body := f.pred(p.Body)
	if body == Unknown {
		return Unknown
	}
	// newDoc.owner set to CurrentUser() is the user by construction.
	if c, ok := body.(Cmp); ok && (c.Op == Eq || c.Op == Ne) && (isSelf(c.L, c.R, v) || isSelf(c.R, c.L, v)) {
		body = truth(c.Op == Eq)
	}
	return User{p.Object, id, v, body}
}

// isSelf reports that x is the user's field stored through UserVal and y is
// that field of the user v.
func isSelf(x, y Operand, v Var) bool {
	u, ok1 := x.(UserVal)
	c, ok2 := y.(Col)
	return ok1 && ok2 && c.Var == v && c.Field == u.Field && u.Field.NonNull
}

// operand folds a scalar; ok is false where it is unknown.
func (f *folder) operand(o Operand) (_ Operand, ok bool) {
	switch x := o.(type) {
	case Val:
		return o, true
	case SlotRef:
		return f.c.operand(x)
	case Col:
		if d, ok := f.b.Docs[x.Var]; ok {
			return Val{d.Value(x.Field)}, true
		}
		if fields, ok := f.fields[x.Var]; ok {
			return fields(x.Field), true
		}
		if x.Var == New && f.b.New != nil {
			return f.b.New(x.Field), true
		}
		if x.Var == Old && f.b.Old != nil {
			return f.b.Old(x.Field), true
		}
		if v := f.renamed(x.Var); v != x.Var {
			return x.Field.col(v), true
		}
		return o, true
	case Size:
		y, ok := f.operand(x.X)
		if !ok {
			return nil, false
		}
		if v, ok := f.literal(y); ok {
			n, ok := size(v)
			return Val{Value{Kind: Long, V: n}}, ok
		}
		return Size{y}, true
	case Member:
		y, ok := f.operand(x.X)
		if v, is := f.literal(y); ok && is {
			return Val{x.of(v)}, true
		}
		x.X = y
		return x, ok
	case UserVal:
		id, ok := f.operand(x.Identity)
		x.Identity = id
		return x, ok
	}
	if y, known, ok := f.atomic(o); ok {
		return y, known
	}
	panic("rules: unknown operand")
}
