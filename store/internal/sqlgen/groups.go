package sqlgen

import (
	"strconv"

	"flora.dev/flora/rules"
	"flora.dev/flora/store"
)

// groups prints figures about the documents a of a Select: the values of each
// are found in an inner SELECT, grouped in the next, and made into JSON in the
// outer one.
func (p *printer) groups(s *store.Select, a string) {
	group, row := p.newAlias("g"), p.newAlias("r")
	p.subquery()
	p.selects += 2
	var values, figures, nodes []string // of the three, from the inside
	value := func(x rules.Operand, asJSON bool) string {
		name := "x" + strconv.Itoa(len(values))
		text := ""
		p.deeper(groupValues, func() {
			text = p.text(func() {
				if asJSON {
					p.value(&store.Column{Value: x})
				} else {
					p.put(p.operand(x))
				}
			})
		})
		values = append(values, text+" AS "+name)
		return row + "." + name
	}
	figure := func(text string) string {
		name := "y" + strconv.Itoa(len(figures))
		figures = append(figures, text+" AS "+name)
		p.calls += 2
		return group + "." + name
	}
	var by, order []string
	for _, k := range s.Groups.Keys {
		v := value(k, true)
		by = append(by, v)
		order = append(order, figure(v))
	}
	nodes = append(nodes, order...)
	for _, f := range s.Groups.Figures {
		switch f.Op {
		case store.Count:
			nodes = append(nodes, figure("COUNT(*)"))
		case store.Min:
			nodes = append(nodes, figure("MIN("+value(f.Of, true)+")"))
		case store.Max:
			nodes = append(nodes, figure("MAX("+value(f.Of, true)+")"))
		case store.Sum, store.Avg:
			kind, _ := kindOf(f.Of)
			template, ok := p.total[kind]
			if !ok {
				template = p.total[rules.Long]
			}
			v := value(f.Of, false)
			sum := figure(string(fill(nil, template, v)))
			p.calls += 6
			if f.Op == store.Avg {
				sum = p.array + sum + ", " + figure("COUNT("+v+")") + ")"
			}
			nodes = append(nodes, sum)
		}
	}
	p.widest = max(p.widest, len(nodes))
	end := ")"
	if p.asText {
		p.put("concat('[', ")
		end = ", ']')"
	} else {
		p.put(p.array)
	}
	p.put(p.listOpen, p.array)
	p.commas(nodes)
	if len(figures) == 0 { // only their number is asked
		figure("COUNT(*)")
	}
	p.put(")", p.listFrom, "SELECT ")
	p.commas(figures)
	p.put(" FROM (SELECT ")
	if len(values) == 0 {
		values = []string{"1 AS x0"}
	}
	p.commas(values)
	p.from(s.From, a)
	p.deeper(below(groupConds, s.Where), func() { p.conds(" WHERE ", s.Where) })
	p.put(") AS ", row)
	if len(by) > 0 {
		p.put(" GROUP BY ")
		p.commas(by)
		p.put(" ORDER BY ")
		p.commas(by)
		p.limit(s.Limit)
	}
	p.put(") AS ", group)
	if p.outerOrder && len(order) > 0 {
		p.put(" ORDER BY ")
		p.commas(order)
	}
	p.put(p.listEnd, end)
}

func (p *printer) commas(texts []string) {
	for i, t := range texts {
		if i > 0 {
			p.put(", ")
		}
		p.put(t)
	}
}
