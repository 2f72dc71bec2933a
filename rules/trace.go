package rules

// Given is a value that is known only when a statement runs, by its number: the
// V of a Value in a predicate that many callers share. It stands for a scalar
// that is not null, or for a list with elements.
type Given int

// Trace is what was asked of a caller while predicates were folded: what they
// hold for. Another caller who answers all Questions alike gets the same
// predicates, with values of his own in the place of each Given. It is how a
// plan outlives the request that it was made for without anything of its caller in it.
type Trace struct {
	Questions []Question
	Sources   []Source // of the values, by the number of the Given
	of        *Caller
	variables []any
	known     map[asked]uint8
	open      bool // something was asked that no Question says
}

// Source says where a value comes from, when a statement runs: a slot, the clock,
// or a variable of the operation.
type Source struct {
	ref      SlotRef
	link     *Object
	clock    bool
	variable int // number of the variable + 1, 0 for what comes from the caller
	kind     Kind
}

// Question is one thing that a fold asked of its caller. It tells cases apart,
// never values.
type Question struct {
	asked
	op      uint8
	a, b    Value // of a comparison
	tainted bool
	Answer  uint8
}

// asked is a question that has the same answer throughout a request.
type asked struct {
	what   ask
	slot   *Slot
	kind   Kind
	list   bool
	object *Object
	field  *Field
	role   string
}

type ask uint8

const (
	askTest ask = iota + 1
	askValue
	askLink
	askHolds
	askSignedIn
	askStorable
	askCompare
	askContains
	askMatch
)

// Answers about a value: whether there is one, is a list that has elements, is a
// list that lacks elements.
const (
	isThere uint8 = 1 << iota
	hasElements
	isTainted
)

// Traced returns the caller as a fold sees him that is to hold for others too, and
// for other values of the operation's variables. It answers as c does, but for
// values it gives a Given each, and notes in the Trace what it was asked.
func (c *Caller) Traced(variables []any) (*Caller, *Trace) {
	t := &Trace{of: c, variables: variables, known: map[asked]uint8{}}
	return &Caller{trace: t}, t
}

// Whole reports whether the Questions are all that the predicates depend on.
func (t *Trace) Whole() bool { return !t.open }

// Open notes that something depends on the caller in a way that no Question says.
func (t *Trace) Open() { t.open = true }

// Now gives the clock of the request.
func (t *Trace) Now() Value { return Value{Kind: Long, V: t.given(Source{clock: true})} }

// Variable gives a variable of the operation, by its number. One beyond those that
// are known has its value when a statement runs, and cannot be compared before.
func (t *Trace) Variable(i int, k Kind) Value {
	return Value{Kind: k, V: t.given(Source{variable: i + 1, kind: k})}
}

func (t *Trace) given(s Source) Given {
	for i, known := range t.Sources {
		if known == s {
			return Given(i)
		}
	}
	t.Sources = append(t.Sources, s)
	return Given(len(t.Sources) - 1)
}

// ask puts a question to the caller that the trace is made for, once.
func (t *Trace) ask(a asked) uint8 {
	if r, ok := t.known[a]; ok {
		return r
	}
	q := Question{asked: a}
	q.Answer = q.Of(t.of, nil, nil)
	t.known[a] = q.Answer
	t.Questions = append(t.Questions, q)
	return q.Answer
}

// compared asks what a test of known values says, of which one is given.
func (t *Trace) compared(what ask, op uint8, a, b Value, tainted bool) Truth {
	q := Question{asked: asked{what: what}, op: op, a: a, b: b, tainted: tainted}
	for _, v := range [...]Value{a, b} {
		if g, ok := v.V.(Given); ok && t.Sources[g].variable > len(t.variables) {
			t.open = true // it has its value when the statement runs
			return Unknown
		}
	}
	q.Answer = q.Of(t.of, t.Sources, t.variables)
	t.Questions = append(t.Questions, q)
	return Truth(q.Answer)
}

// Same reports whether two traces, whose values come from sources and others,
// asked the same at one place. What is asked depends on the answers before alone.
func (q *Question) Same(sources []Source, other *Question, others []Source) bool {
	alike := func(a, b Value) bool {
		g, given := a.V.(Given)
		h, too := b.V.(Given)
		if given && too && sources[g] != others[h] {
			return false
		}
		return alike(a, b)
	}
	return q.asked == other.asked && q.op == other.op && q.tainted == other.tainted && alike(q.a, other.a) && alike(q.b, other.b)
}

func alike(a, b Value) bool {
	if a.Kind != b.Kind || a.List != b.List {
		return false
	}
	x, list := a.V.([]any)
	y, other := b.V.([]any)
	if !list || !other {
		return list == other && a.V == b.V
	}
	if len(x) != len(y) {
		return false
	}
	for i := range x {
		if x[i] != y[i] {
			return false
		}
	}
	return true
}

// Of is the answer of a caller, with the values of the variables. sources are
// those of the trace.
func (q *Question) Of(c *Caller, sources []Source, variables []any) uint8 {
	switch q.what {
	case askTest:
		return uint8(c.test(q.slot))
	case askValue:
		v, tainted, known := c.value(SlotRef{Slot: q.slot, Kind: q.kind, List: q.list})
		return describe(v, tainted, known)
	case askLink:
		v, known := c.Link(q.object)
		return describe(v, false, known)
	case askHolds:
		return uint8(truth(c.Holds(q.role)))
	case askSignedIn:
		return uint8(truth(c.SignedIn()))
	case askStorable:
		v, tainted, known := c.value(SlotRef{Slot: q.slot, Kind: q.kind})
		return uint8(truth(known && !tainted && v.V != nil && storable(q.field, v)))
	}
	a, b := q.a.resolve(c, sources, variables), q.b.resolve(c, sources, variables)
	switch q.what {
	case askCompare:
		return uint8(compare(Op(q.op), a, b))
	case askContains:
		return uint8(contains(a, b, q.tainted))
	}
	return uint8(match(MatchOp(q.op), a, b))
}

func describe(v Value, tainted, known bool) (d uint8) {
	if !known {
		return 0
	}
	d = isThere
	if l, ok := v.V.([]any); ok && len(l) > 0 {
		d |= hasElements
	}
	if tainted {
		d |= isTainted
	}
	return d
}

// Of is the value that a caller gives, or a variable. It is asked after the
// Questions that say that it is there.
func (s *Source) Of(c *Caller, variables []any) Value {
	switch {
	case s.variable > 0:
		return Value{Kind: s.kind, V: variables[s.variable-1]}
	case s.clock:
		return Value{Kind: Long, V: c.Now()}
	case s.link != nil:
		v, _ := c.Link(s.link)
		return v
	}
	v, _, _ := c.value(s.ref)
	return v
}

func (v Value) resolve(c *Caller, sources []Source, variables []any) Value {
	if g, ok := v.V.(Given); ok {
		return sources[g].Of(c, variables)
	}
	return v
}

// isGiven reports a value that is not known while a trace is made.
func (v Value) isGiven() bool {
	_, given := v.V.(Given)
	return given
}

// value is that of a slot.
func (t *Trace) value(o SlotRef) (v Value, tainted, known bool) {
	d := t.ask(asked{what: askValue, slot: o.Slot, kind: o.Kind, list: o.List})
	v = Value{Kind: o.Kind, List: o.List}
	if d&isThere == 0 {
		return v, false, false
	}
	if o.List && d&hasElements == 0 {
		v.V = []any{}
	} else {
		v.V = t.given(Source{ref: o})
	}
	return v, d&isTainted != 0, true
}

// link is the value that links the caller to a document of o.
func (t *Trace) link(o *Object) (v Value, known bool) {
	v = Value{Kind: linkTo(o).kind}
	if t.ask(asked{what: askLink, object: o})&isThere == 0 {
		return v, false
	}
	v.V = t.given(Source{link: o})
	return v, true
}

// literal returns a value that is known now. A given one is not: what is
// computed from it would be a value of one caller.
func (f *folder) literal(x Operand) (v Value, ok bool) {
	val, is := x.(Val)
	if is && val.Value.isGiven() {
		f.c.trace.open = true
		return Value{}, false
	}
	return val.Value, is
}
