package sqlgen

import (
	"strconv"

	"flora.dev/flora/internal/leak"
	"flora.dev/flora/rules"
	"flora.dev/flora/store"
)

// Write says how a head is printed.
type Write struct {
	Now any // the operation's clock in microseconds, or the rules.Given of it
	// Version, if not 0, is made part of the guard: no row is written where
	// another schema version is deployed.
	Version int64
	// Echo: the statement returns the Answer's node of each row it wrote, as
	// one column of JSON text. Only where Echoes says so.
	Echo bool
	// IDs: the statement returns the _id of each row it wrote.
	IDs bool
	// Unless, of an Insert, is the upsert that it is the Else of: no row is
	// written where a document has its key.
	Unless *store.Head
}

// PreparedWrite is the statement of a mutation that is kept: what is kept of it
// with the values of now, or printed now.
func (d *Dialect) PreparedWrite(m *store.Mutation) (s Statement, err error) {
	given := append(m.Given[:len(m.Given):len(m.Given)], rules.Value{Kind: rules.Long, V: m.Now})
	kept, ok := m.Kept.Load().(*Statement)
	if !ok {
		if s, err = d.Write(&m.Heads[0], Write{Now: rules.Given(len(m.Given)), Echo: true}); err != nil {
			return s, err
		}
		kept = &s
		m.Kept.Store(kept)
	}
	s = *kept
	s.Given = given
	return s, nil
}

// written is the alias of the document that a statement writes. The table's
// own name would not do: in a subquery over a collection with a field of that
// name, a note of Member beside Note, Spanner takes it for the field.
const written = "_w"

// defaultMost is the Most of a head that says none.
const defaultMost = 10_000

// Most is the most documents that a head may write with Match, or sweep.
func Most(h *store.Head) int {
	if h.Most > 0 {
		return h.Most
	}
	return defaultMost
}

// Write prints a head as one guarded statement. It writes one row, of a head
// with Match all rows, or none where the guard or a check is not true. Other
// heads that it has are not part of it.
func (d *Dialect) Write(h *store.Head, w Write) (Statement, error) {
	p := d.printer()
	p.inline, p.nest = true, setValues
	table := quote(h.Table.Table)
	if h.Kind == store.Update || h.Kind == store.Delete {
		p.bind(rules.Old, &scope{name: written})
	}
	switch h.Kind {
	case store.Insert:
		p.insert(h, w)
	case store.Link:
		p.link(h, w)
	case store.Update:
		p.put("UPDATE ", table, " AS ", written, " SET ")
		for _, a := range h.Set {
			p.put(quote(a.Field.Column), " = ", p.operand(a.Value), ", ")
		}
		if h.TS != 0 {
			p.put(quote(h.Table.TS.Column), " = ", p.now(h.TS))
		} else {
			p.touch(h.Table, w.Now)
		}
		p.where(h, w, asked(h)...)
	case store.Delete:
		if len(h.Checks) > 0 { // nothing is stored that they could speak of
			p.fail("delete with checks")
		}
		p.put("DELETE FROM ", table, " AS ", written)
		p.where(h, w, asked(h)...)
	case store.Unlink:
		p.put("DELETE FROM ", table, " AS ", written)
		p.row(h)
		p.nest = writeConds
		p.version(p.conds(" AND ", asked(h)...), w)
	default:
		p.fail("head of kind %d", h.Kind)
	}
	switch {
	case w.Echo:
		p.echo(h)
	case w.IDs:
		p.put(p.returning, quote(h.Table.Key.Column))
	}
	return p.limited()
}

// asked is all that must be true for a head to run: its guard, checks and
// version, in the order in which a refusal names them.
func asked(h *store.Head) []rules.Pred {
	all := append([]rules.Pred{h.Guard}, h.Checks...)
	if h.Version != nil {
		all = append(all, rules.Cmp{Op: rules.Eq, L: rules.Col{Var: rules.Old, Field: h.Table.TS},
			R: rules.Val{Value: rules.Value{Kind: rules.Long, V: *h.Version}}})
	}
	return all
}

func (p *printer) now(now any) string { return p.param(rules.Value{Kind: rules.Long, V: now}) }

// touch makes the version of a document grow.
func (p *printer) touch(o *rules.Object, now any) {
	ts := quote(o.TS.Column)
	p.put(ts, " = ", p.greatest, "(", p.now(now), ", ", written, ".", ts, " + 1)")
}

func (p *printer) insert(h *store.Head, w Write) {
	p.put("INSERT INTO ", quote(h.Table.Table), " (", quote(h.Table.Key.Column), ", ", quote(h.Table.TS.Column))
	for _, a := range h.Set {
		p.put(", ", quote(a.Field.Column))
	}
	// VALUES is what both engines are fastest with.
	guarded := w.Version != 0 || !isTrue(h.Guard) || len(h.Checks) > 0 || w.Unless != nil
	if guarded {
		p.put(") SELECT ")
	} else {
		p.put(") VALUES (")
	}
	now := w.Now
	if h.TS != 0 {
		now = h.TS
	}
	p.put(p.param(h.Document()), ", ", p.now(now))
	for _, a := range h.Set {
		p.put(", ", p.operand(a.Value))
	}
	if !guarded {
		p.put(")")
		return
	}
	p.put(p.dual)
	p.nest = madeConds
	conds := asked(h)
	if w.Unless != nil {
		conds = append(conds, rules.None{Object: h.Table, Var: rules.Old, Body: keyed(w.Unless)})
	}
	p.version(p.conds(" WHERE ", conds...), w)
}

// keyed says that rules.Old is the document of a head.
func keyed(h *store.Head) rules.Pred {
	if h.Key != nil {
		return h.Key
	}
	return rules.Cmp{Op: rules.Eq, L: rules.Col{Var: rules.Old, Field: h.Table.Key},
		R: rules.Val{Value: rules.Value{Kind: rules.ID, V: h.ID}}}
}

// link prints the insert of a row that may be there already.
func (p *printer) link(h *store.Head, w Write) {
	p.put("INSERT INTO ", quote(h.Table.Table), " (")
	for i, a := range h.Set {
		if i > 0 {
			p.put(", ")
		}
		p.put(quote(a.Field.Column))
	}
	sep := ") SELECT "
	for _, a := range h.Set {
		p.put(sep, p.operand(a.Value))
		sep = ", "
	}
	p.put(p.dual, " WHERE NOT EXISTS (SELECT 1 FROM ", quote(h.Table.Table), " AS ", written)
	p.row(h)
	p.put(")")
	p.nest = madeConds
	p.deeper(1, p.subquery)
	p.version(p.conds(" AND ", asked(h)...), w)
}

// row prints the condition that finds the row of a link head.
func (p *printer) row(h *store.Head) {
	sep := " WHERE "
	for _, a := range h.Set {
		p.put(sep, written, ".", quote(a.Field.Column), " = ", p.operand(a.Value))
		sep = " AND "
	}
}

// where prints the WHERE clause of a statement on the documents of a head.
func (p *printer) where(h *store.Head, w Write, conds ...rules.Pred) {
	p.nest = writeConds
	if h.Match == nil {
		p.document(h)
		p.version(" AND ", w)
		p.conds(" AND ", conds...)
		return
	}
	// All or none: not one may be refused, and they must not be too many.
	p.put(" WHERE ")
	p.deeper(1, func() { p.count(h) })
	p.put(" <= ", p.param(rules.Value{Kind: rules.Long, V: int64(Most(h))}))
	p.version(" AND ", w)
	p.conds(" AND ", h.Match)
	if refused := rules.And(conds); !isTrue(refused) {
		p.conds(" AND ", refusing(h, refused))
	}
}

// refusing says that of the documents of a head with Match none is refused.
func refusing(h *store.Head, asked rules.Pred) rules.Pred {
	return rules.None{Object: h.Table, Var: rules.Old, Body: rules.And{h.Match, rules.NotTrue{P: asked}}}
}

// document prints the condition that finds the one document of a head.
func (p *printer) document(h *store.Head) {
	p.put(" WHERE ")
	if h.Key != nil {
		p.pred(h.Key)
		return
	}
	p.put(written, ".", quote(h.Table.Key.Column), " = ", p.param(h.Document()))
}

// count prints the number of documents that match, as far as it is of interest.
func (p *printer) count(h *store.Head) {
	a := p.newAlias("c")
	defer p.bind(rules.Old, &scope{name: a})()
	p.subquery()
	p.put("(SELECT COUNT(*) FROM (SELECT 1 FROM ", quote(h.Table.Table), " AS ", a)
	p.deeper(below(countBelow, h.Match), func() { p.conds(" WHERE ", h.Match) })
	p.limit(Most(h) + 1)
	p.put(") AS ", a, ")")
}

func (p *printer) version(sep string, w Write) {
	if w.Version != 0 {
		p.put(sep, deployed, " = ", p.param(rules.Value{Kind: rules.Long, V: w.Version}))
	}
}

// Echoes reports whether the statement of a head can return its answer: the
// head says that the answer is the written row, and every value of it can
// stand in a returning clause, which takes no subquery on Spanner.
func (d *Dialect) Echoes(h *store.Head) bool {
	if !h.Echo || h.Answer == nil || h.Match != nil || h.Else != nil {
		return false
	}
	for _, c := range h.Answer.Columns {
		col, ok := c.Value.(rules.Col)
		if !ok || c.Guard != nil || col.Var != h.Answer.Var {
			return false
		}
		if d.timeListNeedsQuery && col.Field.List && col.Field.Kind == rules.Time {
			return false
		}
	}
	return true
}

func (p *printer) echo(h *store.Head) {
	p.put(p.returning, p.rootOpen)
	p.bind(h.Answer.Var, &scope{bare: true})
	p.node(h.Answer.Columns)
	p.put(p.rootEnd, " AS r0")
}

// Probe prints what is asked after a head that wrote nothing: one row with
//
//	r  whether its document is readable; of a head with Match how many there
//	   are, at most one more than Most
//	f  0 where nothing refuses it, else the place, from 1, of what does first:
//	   the guard, its checks, the version
//	e  of an upsert: f of its Else
//	v  the number of the deployed schema version (NULL where none is)
func (d *Dialect) Probe(h *store.Head) (Statement, error) {
	p := d.printer()
	p.inline, p.nest = true, probed
	p.put("SELECT ")
	switch {
	case h.Match != nil:
		p.count(h)
	case h.Kind == store.Update || h.Kind == store.Delete:
		p.stored(h, h.Readable)
	default:
		p.truth(false)
	}
	p.put(" AS r, ")
	if only := len(h.Checks) == 0 && h.Version == nil; only && h.Kind != store.Link && h.Kind != store.Unlink {
		p.put("1") // it must have been the guard
	} else {
		p.refused(h)
	}
	p.put(" AS f, ")
	if h.Else != nil {
		p.refused(h.Else)
		p.put(" AS e, ")
	}
	p.put(deployed, " AS v")
	return p.limited()
}

// refused prints the place of the first condition of a head that is not true.
func (p *printer) refused(h *store.Head) {
	p.put("CASE")
	list := asked(h)
	for i := range list {
		if leak.On(leak.CheckFirst) {
			i = len(list) - 1 - i
		}
		c := list[i]
		p.put(" WHEN NOT ")
		p.deeper(2, func() {
			switch {
			case h.Match != nil:
				p.pred(refusing(h, c))
			case h.Kind == store.Update || h.Kind == store.Delete:
				p.stored(h, c)
			default:
				p.subquery()
				p.put("EXISTS (SELECT 1", p.dual)
				p.deeper(below(conds, c), func() { p.conds(" WHERE ", c) })
				p.put(")")
			}
		})
		p.put(" THEN ", strconv.Itoa(i+1))
	}
	p.put(" ELSE 0 END")
}

// stored prints whether the document of a head is there and c true of it.
func (p *printer) stored(h *store.Head, c rules.Pred) {
	defer p.bind(rules.Old, &scope{name: written})()
	p.subquery()
	p.put("EXISTS (SELECT 1 FROM ", quote(h.Table.Table), " AS ", written)
	p.deeper(conds, func() {
		p.document(h)
		p.conds(" AND ", c)
	})
	p.put(")")
}
