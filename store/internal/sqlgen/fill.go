package sqlgen

import (
	"fmt"
	"strings"

	"flora.dev/flora/rules"
	"flora.dev/flora/schema"
	"flora.dev/flora/store"
)

// Filled is how many documents are filled at a time.
const Filled = 500

// ToFill reads the next documents that a Fill converts, by their ids: what
// serial.Fillings reads. They are those that have a value, since 0; else those
// written since that _ts, whether they lost their value or have another, and
// those that came with a _ts of their own and are not filled.
func (d *Dialect) ToFill(s schema.Step, after string, since int64) (Statement, error) {
	const v = rules.Var(1)
	o := s.Collection.Object
	key := rules.Col{Var: v, Field: o.Key}
	var which rules.Pred = rules.NotNull{X: rules.Col{Var: v, Field: s.From}}
	if since > 0 {
		written := rules.Cmp{Op: rules.Ge, L: rules.Col{Var: v, Field: o.TS}, R: rules.Val{Value: rules.Value{Kind: rules.Long, V: since}}}
		which = rules.Or{written, rules.And{which, rules.IsNull{X: rules.Col{Var: v, Field: s.Column}}}}
	}
	where := rules.And{rules.Cmp{Op: rules.Gt, L: key, R: rules.Val{Value: rules.Value{Kind: rules.Ref, V: after}}}, which}
	return d.Query(&store.Query{Roots: []store.Select{{From: o, Var: v, Where: where, After: rules.True, List: true, Limit: Filled,
		Order:   []store.Order{{Field: o.Key}},
		Columns: []store.Column{{Value: key}, {Value: rules.Col{Var: v, Field: s.From}}},
	}}})
}

// FillOne writes the converted value of one document. Its _ts stays: what
// clients read of it does.
func (d *Dialect) FillOne(s schema.Step, id string, v rules.Value) (Statement, error) {
	p := d.printer()
	p.put("UPDATE ", quote(s.Collection.Table), " SET ", quote(s.Column.Column), " = ", p.param(v),
		" WHERE ", quote(s.Collection.Key.Column), " = ", p.param(rules.Value{Kind: rules.Ref, V: id}))
	return p.statement()
}

// FillNull gives documents that have no value the one of a Fill without From.
func (d *Dialect) FillNull(s schema.Step) (Statement, error) {
	p := d.printer()
	column := quote(s.Column.Column)
	p.put("UPDATE ", quote(s.Collection.Table), " SET ", column, " = ", p.param(s.Value), " WHERE ", column, " IS NULL")
	return p.statement()
}

// Misfits counts the documents that a Tighten does not allow, or the values of
// a CreateUnique that there are more than once.
func (d *Dialect) Misfits(s schema.Step) string {
	table := quote(s.Collection.Table)
	if s.Kind == schema.CreateUnique {
		var columns, there []string
		for _, f := range s.Unique.Fields {
			c := quote(f.Indexed().Column)
			columns, there = append(columns, c), append(there, c+" IS NOT NULL")
		}
		return "SELECT COUNT(*) FROM (SELECT 1 FROM " + table + " WHERE " + strings.Join(there, " AND ") + " GROUP BY " + strings.Join(columns, ", ") + " HAVING COUNT(*) > 1) AS _m"
	}
	column := quote(s.Column.Column)
	where := []string{"FALSE"}
	if s.Column.NonNull {
		where = append(where, column+" IS NULL")
	}
	switch {
	case s.Column.Kind != rules.Enum:
	case s.Column.List:
		where = append(where, "EXISTS (SELECT 1 FROM "+string(fill(nil, d.ddl.elements, column))+" WHERE "+d.ddl.element+" NOT IN ("+d.enumValues(s.Column)+"))")
	default:
		where = append(where, column+" NOT IN ("+d.enumValues(s.Column)+")")
	}
	return "SELECT COUNT(*) FROM " + table + " WHERE " + strings.Join(where, " OR ")
}

// Misfit is the error of a step that n documents do not allow.
func Misfit(s schema.Step, n int64) error {
	what := "%d documents have no value, or one that would no longer be allowed"
	if s.Kind == schema.CreateUnique {
		what = "%d values are there more than once"
	}
	return &store.StepError{Step: s, Err: fmt.Errorf(what, n)}
}

// Rebuild makes a table anew, with the columns of its collection and what is in
// them. The indexes must be made again.
func (d *Dialect) Rebuild(c *schema.Collection) []string {
	const name = "flora_rebuild"
	columns := quote(c.Key.Column) + ", " + quote(c.TS.Column)
	for _, f := range c.Fields {
		if f.Column == "" {
			continue
		}
		columns += ", " + quote(f.Column)
		if f.Fold != nil {
			columns += ", " + quote(f.Fold.Column)
		}
	}
	return []string{
		d.tableText(name, c, nil),
		"INSERT INTO " + name + " (" + columns + ") SELECT " + columns + " FROM " + quote(c.Table),
		"DROP TABLE " + quote(c.Table),
		"ALTER TABLE " + name + " RENAME TO " + quote(c.Table),
	}
}
