package schema

import (
	"strings"
)

// plural is the name of a type's list field: the leading capitals in lower
// case, and an English plural.
func plural(name string) string {
	return pluralOf(lowerFirst(name))
}

// pluralOf is an English plural.
func pluralOf(s string) string {
	low := strings.ToLower(s)
	end := func(suffix string) bool { return strings.HasSuffix(low, suffix) }
	switch {
	case end("y") && len(low) > 1 && !strings.ContainsRune("aeiou", rune(low[len(low)-2])):
		return s[:len(s)-1] + "ies"
	case end("s"), end("x"), end("z"), end("ch"), end("sh"):
		return s + "es"
	}
	return s + "s"
}

// lowerFirst puts the leading run of capitals in lower case.
func lowerFirst(name string) string {
	n := 0
	for n < len(name) && name[n] >= 'A' && name[n] <= 'Z' {
		n++
	}
	return strings.ToLower(name[:n]) + name[n:]
}

func upperFirst(name string) string {
	if name == "" {
		return ""
	}
	return strings.ToUpper(name[:1]) + name[1:]
}

// bulk is how mutations of many documents call them: createProducts.
func (c *Collection) bulk() string {
	if c.Plural == plural(c.Name) {
		return pluralOf(c.Name)
	}
	return upperFirst(c.Plural)
}

// finder is the name of the look-up by a unique key.
func finder(c *Collection, u *Unique) string {
	var names []string
	for _, f := range u.Fields {
		names = append(names, upperFirst(f.Name))
	}
	return "find" + c.Name + "By" + strings.Join(names, "And")
}

// me is the name of the look-up of the caller's own document in c.
func (s *Schema) me(c *Collection) string {
	if len(s.Me) == 1 {
		return "me"
	}
	return "me" + c.Name
}

// relationInput is the input type of a relation.
func relationInput(f *Field) string { return f.Object.Name + upperFirst(f.Name) + "Relation" }

// NullFilter is the name of the member of a where input that asks whether a
// to-one field is null; "" for other fields, and where a field has that name.
func (f *Field) NullFilter() string {
	name := f.Name + "IsNull"
	if !f.ToOne() && !f.Inverse() || f.Collection.FieldNamed(name) != nil {
		return ""
	}
	return name
}

// names makes the root fields and reports generated names that collide. It
// reports whether there was none.
func (l *loader) names() bool {
	before := len(l.faults)
	types := map[string]string{} // name -> what it is
	for _, c := range l.collections {
		types[c.Name] = "type " + c.Name
	}
	for _, e := range l.schema.Enums {
		types[e.Name] = "enum " + e.Name
	}
	for _, e := range l.schema.Embedded {
		types[e.Name] = "type " + e.Name
	}
	own := map[string]bool{} // inputs of the developer's own take the place of generated ones
	for _, c := range l.collections {
		own[c.Name+"Input"], own["PartialUpdate"+c.Name+"Input"] = true, true
	}
	for _, e := range l.schema.Embedded {
		own[e.Name+"Input"] = true
	}
	for _, i := range l.inputs {
		if !own[i.Name] {
			types[i.Name] = "input " + i.Name
		}
	}
	// A developer's type is reported at its own place, else the later of two
	// generated ones at its collection.
	generate := func(pos Position, name, what string) {
		other, taken := types[name]
		if own, ok := l.declared[strings.ToLower(name)]; ok && own.name == name {
			pos = own.pos
		}
		if taken {
			l.fault(pos, "rename one", "%s has the name of a generated type: %s", other, what)
			return
		}
		types[name] = strings.Replace(what, "the ", "the generated ", 1)
	}
	top := l.src.at(0)
	generate(top, "PageInfo", "the page type")
	generate(top, "CountOrderByInput", "the order by a number of documents")
	generate(top, "OrderDirection", "the directions of orderBy")
	generate(top, "Can", "what a caller may do with a document")
	generate(top, "FieldCan", "what a caller may do with a field")
	for _, k := range scalarKinds {
		generate(top, k.String()+"Filter", "the filter of "+k.String())
		generate(top, k.String()+"ElementsFilter", "the filter of lists of "+k.String())
	}
	for _, e := range l.schema.Enums {
		generate(l.declared[strings.ToLower(e.Name)].pos, e.Name+"Filter", "the filter of "+e.Name)
		generate(l.declared[strings.ToLower(e.Name)].pos, e.Name+"ElementsFilter", "the filter of lists of "+e.Name)
	}
	generate(top, "FoldedStringFilter", "the filter of String with @fold")
	for _, e := range l.schema.Embedded {
		generate(e.Pos, e.Name+"Input", "the input of "+e.Name)
		generate(e.Pos, e.Name+"WhereInput", "the filter of "+e.Name)
	}
	generate(top, "EmbeddedListFilter", "the filter of lists of embedded values")
	for _, c := range l.collections {
		for _, g := range [][2]string{
			{c.Name + "Connection", "the page of "}, {c.Name + "Edge", "the edge of "},
			{c.Name + "WhereInput", "the filter of "}, {c.Name + "ListFilter", "the list filter of "},
			{c.Name + "OrderByInput", "the order of "}, {c.Name + "Input", "the input of "},
			{"PartialUpdate" + c.Name + "Input", "the update input of "}, {c.Name + "BatchPayload", "the bulk answer of "},
			{c.Name + "Aggregate", "the figures about "}, {c.Name + "AggregateKey", "the keys of groups of "}, {c.Name + "AggregateRange", "the least and greatest of "},
			{c.Name + "AggregateSum", "the sums of "}, {c.Name + "AggregateAvg", "the means of "}, {c.Name + "GroupBy", "what groups "},
			{c.Name + "IncInput", "the increments of "}, {c.Name + "ElementsInput", "the list changes of "}, {c.Name + "ByInput", "the keys of "},
		} {
			generate(c.Pos, g[0], g[1]+c.Name)
		}
		for _, f := range c.fields {
			if f.Target != nil {
				generate(f.Pos, relationInput(f.Field), "the input of "+f.Path())
			}
		}
	}

	api := &API{Query: map[string]*Root{}, Mutation: map[string]*Root{}}
	l.declaredRoots(api)
	add := func(m map[string]*Root, c *Collection, hint string, r *Root) {
		r.Collection = c
		if other, taken := m[r.Name]; taken && other.Declared != nil {
			if other.Op == Unresolved {
				l.warn(other.Pos, "rename it to keep both", "%s: the generated field of that name is left out", r.Name)
			}
			return
		} else if taken {
			l.fault(c.Pos, hint, "type %s: its generated field %s is already that of %s", c.Name, r.Name, other.Collection.Name)
			return
		}
		m[r.Name] = r
	}
	for _, c := range l.schema.Collections {
		add(api.Query, c, "rename one", &Root{Name: "find" + c.Name + "ByID", Op: FindByID})
		for _, u := range c.Uniques {
			add(api.Query, c, "rename the field", &Root{Name: finder(c, u), Op: FindUnique, Unique: u})
		}
		add(api.Query, c, `give another name with @collection(plural: "...")`, &Root{Name: c.Plural, Op: List})
		add(api.Mutation, c, "rename one", &Root{Name: "create" + c.Name, Op: Create})
		add(api.Mutation, c, "rename one", &Root{Name: "update" + c.Name, Op: Update})
		add(api.Mutation, c, "rename one", &Root{Name: "partialUpdate" + c.Name, Op: PartialUpdate})
		add(api.Mutation, c, "rename one", &Root{Name: "delete" + c.Name, Op: Delete})
	}
	for _, c := range l.schema.Me {
		add(api.Query, c, "rename one", &Root{Name: l.schema.me(c), Op: Me})
	}
	// Fauna has none of these: one that would take the name of another is left out.
	for _, c := range l.schema.Collections {
		var taken []string
		if r := (&Root{Name: c.Plural + "Aggregate", Op: Aggregate}); api.Query[r.Name] != nil {
			taken = append(taken, r.Name)
		} else {
			add(api.Query, c, "", r)
		}
		for _, f := range c.Fields {
			if name := f.Name + "Aggregate"; f.Many() && c.FieldNamed(name) == nil {
				f.Aggregate = name
			}
		}
		for _, r := range []*Root{{Name: "upsert" + c.Name, Op: Upsert}, {Name: "create" + c.bulk(), Op: CreateMany},
			{Name: "update" + c.bulk(), Op: UpdateMany}, {Name: "delete" + c.bulk(), Op: DeleteMany}} {
			switch {
			case r.Op != DeleteMany && !settable(c):
			case api.Mutation[r.Name] != nil:
				taken = append(taken, r.Name)
			default:
				add(api.Mutation, c, "", r)
			}
		}
		if len(taken) > 0 {
			l.warn(c.Pos, `give another name with @collection(plural: "...") to have them`, "type %s: not generated, as others have the name: %s", c.Name, strings.Join(taken, ", "))
		}
	}
	l.schema.API = api
	return len(l.faults) == before
}
