package sqlgen

import "flora.dev/flora/rules"

// joined prints a list with elements added to it.
func (p *printer) joined(j rules.Joined) string {
	list := p.operand(j.List)
	null, empty := knownList(rules.Val{Value: j.Add})
	empty = empty || null
	if p.listNeedsQuery && nullable(j.List) || empty {
		list = p.fromList(p.listed, list)
	}
	if empty {
		return list
	}
	p.calls += 3
	template := p.appended
	if j.Front {
		template = p.prepended
	}
	return string(fill(nil, template, list, p.param(j.Add)))
}

// without prints a list with elements taken from it.
func (p *printer) without(w rules.Without) string {
	template := p.Dialect.without
	if w.Drop.Kind == rules.Bool {
		template = p.withoutBools
	}
	return p.fromList(template, p.operand(w.List), p.param(w.Drop))
}

func (p *printer) fromList(template string, operands ...string) string {
	p.calls += 2
	p.deeper(1, p.subquery)
	return string(fill(nil, template, operands...))
}
