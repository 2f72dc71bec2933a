package sqlgen

import (
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

// Write prints a head as one guarded statement. It writes one row, or none
// where the guard is not true. Kids are not part of it.
func (d *Dialect) Write(h *store.Head, w Write) (Statement, error) {
	p := d.printer()
	p.inline = true
	table := quote(h.Table.Table)
	// The target has no alias: Spanner and SQLite agree on the table's name only.
	if h.Kind != store.Insert {
		p.bind(rules.Old, &scope{name: table})
	}
	switch h.Kind {
	case store.Insert:
		p.insert(h, w)
	case store.Update:
		p.put("UPDATE ", table, " SET ")
		for _, a := range h.Set {
			p.put(quote(a.Field.Column), " = ", p.operand(a.Value), ", ")
		}
		ts := quote(h.Table.TS.Column)
		p.put(ts, " = ", p.greatest, "(", p.now(w), ", ", table, ".", ts, " + 1)")
		p.whereKey(h, w, h.Guard)
	case store.Delete:
		p.put("DELETE FROM ", table)
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
	guarded := w.Version != 0 || !isTrue(h.Guard)
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
	p.version(p.conds(" WHERE ", h.Guard), w)
}

// whereKey prints the WHERE clause of a statement on the document of a head.
func (p *printer) whereKey(h *store.Head, w Write, guard rules.Pred) {
	p.put(" WHERE ", quote(h.Table.Table), ".", quote(h.Table.Key.Column), " = ", p.param(rules.Value{Kind: rules.ID, V: h.ID}))
	p.version(" AND ", w)
	p.conds(" AND ", guard)
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

// Probe prints what is asked after an update or delete that hit nothing: one
// row with r, whether the document is readable, and v, the number of the
// deployed schema version (NULL where none is).
func (d *Dialect) Probe(h *store.Head) (Statement, error) {
	p := d.printer()
	p.inline = true
	table := quote(h.Table.Table)
	p.bind(rules.Old, &scope{name: table})
	p.put("SELECT EXISTS (SELECT 1 FROM ", table)
	p.whereKey(h, Write{}, h.Readable)
	p.put(") AS r, ", deployed, " AS v")
	return p.statement()
}
