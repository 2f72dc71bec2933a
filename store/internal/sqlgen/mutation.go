package sqlgen

import (
	"strconv"

	"flora.dev/flora/rules"
	"flora.dev/flora/store"
)

// Write says how a head is printed.
type Write struct {
	Now int64 // the operation's clock in microseconds
	// Version, if not 0, is made part of the guard: no row is written where
	// another schema version is deployed.
	Version int64
	// Echo: the statement returns the Answer's node of each row it wrote, as
	// one column of JSON text. Only where Echoes says so.
	Echo bool
}

// written is the alias of the document that a statement writes. The table's
// own name would not do: in a subquery over a collection with a field of that
// name, a note of Member beside Note, Spanner takes it for the field.
const written = "_w"

// Write prints a head as one guarded statement. It writes one row, or none
// where the guard or a check is not true. Kids are not part of it.
func (d *Dialect) Write(h *store.Head, w Write) (Statement, error) {
	p := d.printer()
	p.inline = true
	table := quote(h.Table.Table)
	if h.Kind != store.Insert {
		p.bind(rules.Old, &scope{name: written})
	}
	switch h.Kind {
	case store.Insert:
		p.insert(h, w)
	case store.Update:
		p.put("UPDATE ", table, " AS ", written, " SET ")
		for _, a := range h.Set {
			p.put(quote(a.Field.Column), " = ", p.operand(a.Value), ", ")
		}
		ts := quote(h.Table.TS.Column)
		p.put(ts, " = ", p.greatest, "(", p.now(w), ", ", written, ".", ts, " + 1)")
		p.whereKey(h, w, append([]rules.Pred{h.Guard}, h.Checks...)...)
	case store.Delete:
		if len(h.Checks) > 0 { // nothing is stored that they could speak of
			p.fail("delete with checks")
		}
		p.put("DELETE FROM ", table, " AS ", written)
		p.whereKey(h, w, h.Guard)
	default:
		p.fail("head of kind %d", h.Kind)
	}
	if w.Echo {
		p.echo(h)
	}
	return p.statement()
}

func (p *printer) now(w Write) string { return p.param(rules.Value{Kind: rules.Long, V: w.Now}) }

func (p *printer) insert(h *store.Head, w Write) {
	p.put("INSERT INTO ", quote(h.Table.Table), " (", quote(h.Table.Key.Column), ", ", quote(h.Table.TS.Column))
	for _, a := range h.Set {
		p.put(", ", quote(a.Field.Column))
	}
	// VALUES is what both engines are fastest with.
	guarded := w.Version != 0 || !isTrue(h.Guard) || len(h.Checks) > 0
	if guarded {
		p.put(") SELECT ")
	} else {
		p.put(") VALUES (")
	}
	p.put(p.param(rules.Value{Kind: rules.ID, V: h.ID}), ", ", p.now(w))
	for _, a := range h.Set {
		p.put(", ", p.operand(a.Value))
	}
	if !guarded {
		p.put(")")
		return
	}
	p.put(p.dual)
	p.version(p.conds(" WHERE ", append([]rules.Pred{h.Guard}, h.Checks...)...), w)
}

// whereKey prints the WHERE clause of a statement on the document of a head.
func (p *printer) whereKey(h *store.Head, w Write, conds ...rules.Pred) {
	p.put(" WHERE ", written, ".", quote(h.Table.Key.Column), " = ", p.param(rules.Value{Kind: rules.ID, V: h.ID}))
	p.version(" AND ", w)
	p.conds(" AND ", conds...)
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
	if !h.Echo || h.Answer == nil {
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

// Probe prints what is asked after a head that hit nothing: one row with r,
// whether the document is readable; f, what of a head with checks is not true:
// 0 for the guard, n for the n-th check; and v, the number of the deployed
// schema version (NULL where none is).
func (d *Dialect) Probe(h *store.Head) (Statement, error) {
	p := d.printer()
	p.inline = true
	table := quote(h.Table.Table) + " AS " + written
	p.bind(rules.Old, &scope{name: written})
	p.put("SELECT EXISTS (SELECT 1 FROM ", table)
	p.whereKey(h, Write{}, h.Readable)
	p.put(") AS r, ")
	if len(h.Checks) > 0 {
		p.put("CASE")
		for i, c := range append([]rules.Pred{h.Guard}, h.Checks...) {
			p.put(" WHEN NOT EXISTS (SELECT 1")
			if h.Kind == store.Insert {
				p.put(p.dual)
				p.conds(" WHERE ", c)
			} else {
				p.put(" FROM ", table)
				p.whereKey(h, Write{}, c)
			}
			p.put(") THEN ", strconv.Itoa(i))
		}
		p.put(" ELSE 0 END AS f, ")
	}
	p.put(deployed, " AS v")
	return p.statement()
}

// Missed is what the answer of a Probe means for a head, or for a kid of it:
// nil if the document is no business of the caller's.
func Missed(h *store.Head, top, kid int, readable bool, failed int) error {
	switch hidden := h.Kind != store.Insert && !readable; {
	case hidden && !h.Required:
		return nil
	case !hidden && failed > 0:
		return &store.WriteError{Head: top, Why: store.Invalid, Kid: kid, Check: failed - 1}
	}
	return &store.WriteError{Head: top, Why: store.Forbidden}
}
