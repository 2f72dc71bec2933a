package sqlgen

import (
	"flora.dev/flora/rules"
)

// operand returns the text of an operand.
func (p *printer) operand(x rules.Operand) string {
	switch x := x.(type) {
	case rules.Col:
		return p.column(x)
	case rules.Val:
		return p.param(x.Value)
	case rules.Size:
		t := p.length
		if isList(x.X) {
			t = p.listLength
		}
		return string(fill(nil, t, p.operand(x.X)))
	case rules.Member:
		return p.inside(x)
	case rules.Far:
		return p.far(x)
	case rules.Count:
		return p.counted(x)
	case rules.UserVal:
		return p.userValue(x.Object, x.Identity, x.Field)
	case rules.Sum:
		p.calls += 3
		return string(fill(nil, p.sum[x.By.Kind], p.operand(x.X), p.param(x.By)))
	case rules.Joined:
		return p.joined(x)
	case rules.Without:
		return p.without(x)
	}
	p.fail("operand %T is not known when a statement is printed", x)
	return "NULL"
}

// inside prints a value inside an embedded one. Names of fields are letters,
// digits and _, which need no quotes in a path of either engine.
func (p *printer) inside(m rules.Member) string {
	path := "'$." + m.Path + "'"
	p.calls++
	switch {
	case m.List || m.Kind == rules.JSON || m.Kind == rules.Embedded:
		return string(fill(nil, p.jsonPart, p.operand(m.X), path))
	case p.casts[m.Kind] == "":
		return string(fill(nil, p.jsonScalar, p.operand(m.X), path))
	}
	p.calls += 2
	return string(fill(nil, p.casts[m.Kind], string(fill(nil, p.jsonScalar, p.operand(m.X), path))))
}

func (p *printer) column(c rules.Col) string {
	s := p.scopes[c.Var]
	switch {
	case s == nil:
		p.fail("document %d of %s is not bound", c.Var, c.Field.Path())
		return "NULL"
	case c.Field.Column == "":
		p.fail("%s has no column", c.Field.Path())
		return "NULL"
	case s.key != "":
		if !isKey(c.Field) {
			p.fail("%s is behind a hop that is not read", c.Field.Path())
		}
		return s.key
	}
	if s.record {
		s.use(c.Field)
	}
	if s.bare {
		return quote(c.Field.Column)
	}
	return s.name + "." + quote(c.Field.Column)
}

func (s *scope) use(f *rules.Field) {
	for _, u := range s.used {
		if u == f {
			return
		}
	}
	s.used = append(s.used, f)
}

// userValue is a field of the caller's document, for values that are stored or
// shown; predicates use userHop. The identity field is unique,
// so the subquery has one row at most.
func (p *printer) userValue(o *rules.Object, identity rules.Operand, f *rules.Field) string {
	if o.Identity == nil {
		p.fail("%s has no identity field", o.Name)
		return "NULL"
	}
	p.inSet++ // the same caller is the same parameter
	id := p.operand(identity)
	p.inSet--
	a := p.newAlias("u")
	p.deeper(1, p.subquery)
	return "(SELECT " + a + "." + quote(f.Column) + " FROM " + quote(o.Table) + " AS " + a +
		" WHERE " + a + "." + quote(o.Identity.Column) + " = " + id + ")"
}

func isKey(f *rules.Field) bool { return f.Object != nil && f == f.Object.Key }

// nullable reports whether an operand can be null where the document exists.
// A Size of null is not null but unknown: SQL's NULL, without the tests that
// make nulls definite.
func nullable(x rules.Operand) bool {
	switch x := x.(type) {
	case rules.Col:
		return !x.Field.NonNull && !isKey(x.Field) && x.Field != x.Field.Object.TS
	case rules.Val:
		return x.Value.V == nil
	case rules.Size, rules.Joined, rules.Without:
		return false
	}
	return true
}

func isList(x rules.Operand) bool {
	switch x := x.(type) {
	case rules.Col:
		return x.Field.List
	case rules.Val:
		return x.Value.List
	case rules.UserVal:
		return x.Field.List
	case rules.Joined, rules.Without:
		return true
	}
	return false
}

func kindOf(x rules.Operand) (kind rules.Kind, list bool) {
	switch x := x.(type) {
	case rules.Far:
		return kindOf(x.Value)
	case rules.Col:
		return x.Field.Kind, x.Field.List
	case rules.Val:
		return x.Value.Kind, x.Value.List
	case rules.UserVal:
		return x.Field.Kind, x.Field.List
	case rules.Sum:
		return x.By.Kind, false
	case rules.Joined:
		return x.Add.Kind, true
	case rules.Without:
		return x.Drop.Kind, true
	}
	return rules.Long, false
}

// isNullValue reports whether the operand is known to be null.
func isNullValue(x rules.Operand) bool {
	v, ok := x.(rules.Val)
	return ok && v.Value.V == nil
}
