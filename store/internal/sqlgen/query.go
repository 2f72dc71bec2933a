package sqlgen

import (
	"strconv"

	"flora.dev/flora/internal/leak"
	"flora.dev/flora/rules"
	"flora.dev/flora/store"
)

// deployed is the number of the deployed schema version, null for none.
const deployed = "(SELECT MAX(_v.version) FROM flora_schema AS _v)"

// Prepared is the statement of a query: what is kept of it with the values of
// now, or printed now.
func (d *Dialect) Prepared(q *store.Query) (s Statement, err error) {
	if q.Kept != nil {
		if kept, ok := q.Kept.Load().(*Statement); ok {
			s = *kept
			s.Given = q.Given
			return s, nil
		}
	}
	if s, err = d.Query(q); err == nil && q.Kept != nil {
		kept := s
		q.Kept.Store(&kept)
	}
	s.Given = q.Given
	return s, err
}

// Query prints a whole query operation as one SELECT of one row: columns r0,
// r1 ... with the JSON text of each root, and v with the number of the deployed
// schema version (NULL where none is). A root that is NULL is the JSON null.
func (d *Dialect) Query(q *store.Query) (Statement, error) { return d.printer().query(q) }

func (p *printer) query(q *store.Query) (Statement, error) {
	p.put("SELECT ")
	for i := range q.Roots {
		p.put(p.rootOpen)
		p.nest, p.root = rootPage, &q.Roots[i]
		p.selection(&q.Roots[i])
		p.put(p.rootEnd, " AS r", strconv.Itoa(i), ", ")
	}
	p.put(deployed, " AS v")
	if len(p.sets) > 0 {
		body := p.buf
		p.buf = make([]byte, 0, 2*len(body))
		sep := "WITH "
		for _, s := range p.sets {
			p.put(sep, s.name, " AS (", s.text, ")")
			sep = ", "
		}
		p.put(" ", string(body))
	}
	return p.limited()
}

// selection prints a Select as a JSON value.
func (p *printer) selection(s *store.Select) {
	a := p.newAlias("t")
	sc := &scope{name: a}
	defer p.bind(s.Var, sc)()
	if s.Groups != nil {
		p.need(s.From, s.Var, "figures", nil, false, s.Where)
		p.groups(s, a)
		return
	}
	if s.One {
		p.need(s.From, s.Var, "document", nil, false, s.Where)
		p.subquery()
		p.put(p.oneOpen)
		first := 0
		if s.Limit == 1 {
			first = sorted
		}
		p.deeper(first+oneValues, func() { p.node(s.Columns) })
		p.from(s.From, a)
		p.deeper(first+below(conds, s.Where), func() { p.conds(" WHERE ", s.Where) })
		if s.Limit == 1 {
			p.orderBy(s.Var, []store.Order{{Field: s.From.Key}}, false)
			p.put(" LIMIT 1")
		}
		p.put(p.oneClose)
		return
	}
	if !s.Total && !s.List { // nothing of it is asked
		p.put(p.array, ")")
		return
	}
	// The count and the list ask the same condition under the same alias.
	p.nest++
	defer func() { p.nest-- }()
	order := s.Order
	if n := len(order); s.From.Key != nil && (n == 0 || order[n-1].Value != nil || !isKey(order[n-1].Field)) {
		order = append(order[:n:n], store.Order{Field: s.From.Key})
	}
	if s.Total {
		p.need(s.From, s.Var, "count", nil, false, s.Where)
	}
	if s.List {
		p.need(s.From, s.Var, "list", order, s == p.root, s.Where)
	}
	rest, parts := p.branches(s, order)
	where := ""
	var weighs weight
	if s.Total || parts == nil {
		weighs = p.apart(func() { where = p.text(func() { p.conds(" WHERE ", s.Where) }) })
	}
	open, comma, end := p.array, ", ", ")"
	if p.asText {
		open, comma, end = "concat('[', ", ", ',', ", ", ']')"
	}
	p.put(open)
	if s.Total {
		p.subquery()
		p.add(weighs, below(countConds, s.Where))
		p.put("(SELECT COUNT(*)")
		p.from(s.From, a)
		p.put(p.withoutRule(s, where, leak.CountBeforeRule), ")")
	}
	if s.Total && s.List {
		p.put(comma)
	}
	if s.List {
		if parts == nil {
			p.add(weighs, below(listConds, s.Where, s.After))
		}
		p.list(s, sc, order, where, rest, parts)
	}
	p.put(end)
}

// withoutRule is the condition of a page without its row rule, which the
// resolvers put apart where the fault is planted; where itself otherwise.
func (p *printer) withoutRule(s *store.Select, where string, c leak.Class) string {
	apart, ok := s.Where.(rules.And)
	if !leak.On(c) || !ok || len(apart) != 2 {
		return where
	}
	return p.text(func() { p.conds(" WHERE ", apart[0]) })
}

// list prints the nodes of a page: the documents are found, sorted and cut off
// in an inner SELECT, and made into JSON in an outer one under the same alias.
// With parts there are several inner ones, of rest and one of the parts each.
func (p *printer) list(s *store.Select, sc *scope, order []store.Order, where string, rest, parts []rules.Pred) {
	p.subquery()
	p.selects++ // the inner one, which is no expression
	open, from := p.listOpen, p.listFrom
	if p.joins(s.Columns) {
		open, from = p.textOpen, p.textFrom
	}
	p.put(open)
	sc.record, sc.used = true, nil
	p.deeper(listValues, func() { p.node(s.Columns) })
	late := ""
	if early := p.withoutRule(s, where, leak.RuleAfterFilter); early != where {
		where, late = early, p.text(func() { p.conds(" WHERE ", s.Where.(rules.And)[1]) })
	}
	outer := ""
	if p.outerOrder || s.Backward {
		outer = p.text(func() { p.orderBy(s.Var, order, false) })
	}
	if parts != nil {
		p.text(func() { p.orderBy(s.Var, order, false) }) // several SELECTs are sorted by columns of theirs
	}
	sc.record = false
	p.put(from)
	again := ""
	if s.Backward && !p.outerOrder { // an aggregate takes the rows of its subquery in their order
		p.put("SELECT * FROM (")
		p.selects++
		again, outer = ") AS "+sc.name+outer, ""
	}
	if parts != nil {
		p.compound(s, sc, order, rest, parts)
		p.put(again, ") AS ", sc.name, outer, p.listEnd)
		return
	}
	p.put("SELECT ")
	for i, f := range sc.used {
		if i > 0 {
			p.put(", ")
		}
		p.put(sc.name, ".", quote(f.Column))
	}
	if len(sc.used) == 0 {
		p.put("1")
	}
	p.from(s.From, sc.name)
	p.put(where)
	sep := " AND "
	if where == "" {
		sep = " WHERE "
	}
	p.deeper(listConds, func() { p.conds(sep, s.After) })
	p.orderBy(s.Var, order, s.Backward)
	p.limit(s.Limit)
	if s.Offset > 0 {
		p.put(" OFFSET ", p.param(rules.Value{Kind: rules.Long, V: int64(s.Offset)}))
	}
	p.put(again, ") AS ", sc.name, late, outer, p.listEnd)
}

func (p *printer) from(o *rules.Object, alias string) {
	if o == nil {
		p.put(p.dual)
		return
	}
	p.put(" FROM ", quote(o.Table), " AS ", alias)
}

// orderBy sorts with nulls first in ascending order, which is what both
// engines do; backward from the last.
func (p *printer) orderBy(v rules.Var, order []store.Order, backward bool) {
	for i, o := range order {
		sep := ", "
		if i == 0 {
			sep = " ORDER BY "
		}
		p.put(sep)
		if o.Value != nil {
			p.put(p.operand(o.Value))
		} else {
			p.put(p.column(rules.Col{Var: v, Field: o.Field}))
		}
		if o.Desc != backward {
			p.put(" DESC")
		}
	}
}
