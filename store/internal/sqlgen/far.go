package sqlgen

import "flora.dev/flora/rules"

// far prints a value beyond a reference. The key it is found by is unique, so
// the subquery has one row at most.
func (p *printer) far(x rules.Far) string {
	from := p.operand(x.From)
	key := x.Key
	if key == nil {
		key = x.Target.Key
	}
	a := p.newAlias("f")
	defer p.bind(x.Var, &scope{name: a})()
	return p.text(func() {
		p.subquery()
		p.put("(SELECT ")
		p.deeper(1, func() { p.put(p.operand(x.Value)) })
		p.put(" FROM ", quote(x.Target.Table), " AS ", a, " WHERE ", a, ".", quote(key.Column), " = ", from)
		p.deeper(conds, func() { p.conds(" AND ", x.Where) })
		p.put(")")
	})
}

// counted prints the number of documents behind a relation.
func (p *printer) counted(x rules.Count) string {
	of := p.operand(x.Of)
	a := p.newAlias("c")
	defer p.bind(x.Var, &scope{name: a})()
	return p.text(func() {
		p.subquery()
		p.put("(SELECT COUNT(*) FROM ", quote(x.Field.Target.Table), " AS ", a, " WHERE ", a, ".", quote(x.Field.Back.Column), " = ", of)
		p.deeper(conds, func() { p.conds(" AND ", x.Where) })
		p.put(")")
	})
}
