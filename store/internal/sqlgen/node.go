package sqlgen

import (
	"flora.dev/flora/rules"
	"flora.dev/flora/store"
)

// node prints the JSON array of a node's values.
func (p *printer) node(columns []store.Column) {
	p.calls++
	p.widest = max(p.widest, len(columns))
	if p.joins(columns) {
		p.pieces(columns)
		return
	}
	p.put(p.array)
	for i := range columns {
		if i > 0 {
			p.put(", ")
		}
		p.guarded(&columns[i], func(c *store.Column) {
			p.put(p.array)
			p.value(c)
			p.put(")")
		})
	}
	p.put(")")
}

// guarded prints a value, or what is shown of it behind its guard.
func (p *printer) guarded(c *store.Column, shown func(*store.Column)) {
	if c.Guard == nil {
		p.value(c)
		return
	}
	p.put("CASE WHEN ")
	p.calls += 2
	p.deeper(1, func() { p.pred(c.Guard) })
	p.put(" THEN ")
	p.deeper(2, func() { shown(c) })
	p.put(" END")
}

func (p *printer) value(c *store.Column) {
	if c.Nested != nil {
		p.selection(c.Nested)
		return
	}
	template := "$1"
	switch kind, list := kindOf(c.Value); {
	case list && kind == rules.Time:
		template = p.timeList
	case list && p.Dialect.list != "":
		template = p.Dialect.list
	case !list && kind == rules.Time && p.time != "":
		template = p.time
	}
	p.fill(template, p.operand(c.Value))
}

// joins reports whether a node is put together as text. In SQLite the value of a
// subquery is no JSON to the functions around it; to read it as JSON again, on each
// level, would cost as much as to make it.
func (p *printer) joins(columns []store.Column) bool {
	if !p.asText {
		return false
	}
	for i := range columns {
		if !plain(&columns[i]) {
			return true
		}
	}
	return false
}

// plain reports a value that a function makes JSON of.
func plain(c *store.Column) bool { return c.Guard == nil && unlisted(c) }

func unlisted(c *store.Column) bool {
	if c.Nested != nil {
		return false
	}
	_, list := kindOf(c.Value)
	return !list
}

// pieces prints concat('[', piece, ',', piece, ']'): what is JSON already, and
// runs of plain values between. A run ends with a value that has no bracket.
func (p *printer) pieces(columns []store.Column) {
	p.put("concat('['")
	for i := 0; i < len(columns); {
		if i > 0 {
			p.put(", ','")
		}
		p.put(", ")
		c := &columns[i]
		if !plain(c) {
			p.put("coalesce(")
			p.calls++
			p.guarded(c, func(c *store.Column) {
				if unlisted(c) {
					p.put(p.array)
					p.value(c)
					p.put(")")
					return
				}
				p.put("concat('[', coalesce(")
				p.value(c)
				p.put(", 'null'), ']')")
			})
			p.put(", 'null')")
			i++
			continue
		}
		p.put("trim(", p.array)
		p.calls += 2
		for n := 0; i < len(columns) && plain(&columns[i]); n++ {
			if n > 0 {
				p.put(", ")
			}
			if _, inside := columns[i].Value.(rules.Member); inside {
				p.fail("a part of an embedded value would lose its brackets")
			}
			p.value(&columns[i])
			i++
		}
		p.put("), '[]')")
	}
	p.put(", ']')")
}
