package schema

import "flora.dev/flora/rules"

// Groupable reports whether documents can be grouped by the field: it has one
// value, and values of its kind can be compared.
func (f *Field) Groupable() bool {
	switch f.Name {
	case "true", "false", "null": // no names of enum values
		return false
	}
	return f.Column != "" && !f.List && comparable(f.Kind)
}

// ranged reports whether there is a least and a greatest value of the field.
func (f *Field) ranged() bool {
	switch f.Kind {
	case rules.Bool, rules.Enum, rules.UUID:
		return false
	}
	return f.Column != "" && !f.List && sortable(f.Kind)
}

// added reports whether values of the field can be added.
func (f *Field) added() bool {
	switch f.Kind {
	case rules.Int, rules.Long, rules.Float, rules.Decimal:
		return f.Column != "" && !f.List
	}
	return false
}

// Aggregated is the to-many relation that the field name has figures about, or nil.
func (c *Collection) Aggregated(name string) *Field {
	for _, f := range c.Fields {
		if f.Aggregate == name && name != "" {
			return f
		}
	}
	return nil
}

// which are the fields of a collection for which ok holds.
func (c *Collection) which(ok func(*Field) bool) (out []*Field) {
	for _, f := range c.Fields {
		if ok(f) {
			out = append(out, f)
		}
	}
	return out
}

// aggregateArguments are those of every aggregate of a collection.
func aggregateArguments(c *Collection) string {
	if len(c.which((*Field).Groupable)) == 0 {
		return "(where: " + c.Name + "WhereInput)"
	}
	return "(where: " + c.Name + "WhereInput, groupBy: [" + c.Name + "GroupBy!])"
}

// aggregate prints the types of the figures about a collection.
func (w *apiWriter) aggregate(c *Collection) {
	keys, added := c.which((*Field).Groupable), c.which((*Field).added)
	w.line("type %sAggregate {\n  count: Int!", c.Name)
	if len(keys) > 0 {
		w.line("  key: %sAggregateKey!", c.Name)
	}
	w.line("  min: %sAggregateRange!\n  max: %sAggregateRange!", c.Name, c.Name)
	if len(added) > 0 {
		w.line("  sum: %sAggregateSum!\n  avg: %sAggregateAvg!", c.Name, c.Name)
	}
	w.line("}\n")
	if len(keys) > 0 {
		w.line("enum %sGroupBy {", c.Name)
		for _, f := range keys {
			w.line("  %s", f.Name)
		}
		w.line("}\n\ntype %sAggregateKey {", c.Name)
		for _, f := range keys {
			w.line("  %s: %s", f.Name, inputType(f))
		}
		w.line("}\n")
	}
	w.line("type %sAggregateRange {", c.Name)
	for _, f := range c.which((*Field).ranged) {
		w.line("  %s: %s", f.Name, f.TypeName)
	}
	w.line("  _ts: Long\n}\n")
	if len(added) == 0 {
		return
	}
	w.line("type %sAggregateSum {", c.Name)
	for _, f := range added {
		w.line("  %s: %s", f.Name, sumKind(f.Kind))
	}
	w.line("}\n\ntype %sAggregateAvg {", c.Name)
	for _, f := range added {
		w.line("  %s: %s", f.Name, avgKind(f.Kind))
	}
	w.line("}\n")
}

// sumKind is the kind of a sum: whole numbers add up to more than 32 bits hold.
func sumKind(k rules.Kind) rules.Kind {
	if k == rules.Int {
		return rules.Long
	}
	return k
}

// avgKind is the kind of a mean.
func avgKind(k rules.Kind) rules.Kind {
	if k == rules.Decimal {
		return k
	}
	return rules.Float
}
