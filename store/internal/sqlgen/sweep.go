package sqlgen

import "flora.dev/flora/rules"

// Clear prints the statement that takes a reference from the documents in which
// by, that reference or the _id, is one of ids; with touch as a write of theirs.
func (d *Dialect) Clear(f, by *rules.Field, ids []string, touch bool, now int64) (Statement, error) {
	p := d.printer()
	p.put("UPDATE ", quote(f.Object.Table), " AS ", written, " SET ", quote(f.Column), " = NULL")
	if touch {
		p.put(", ")
		p.touch(f.Object, now)
	}
	return p.among(by, ids)
}

// Remove prints the statement that deletes the rows in which f, a reference or
// the _id, is one of ids.
func (d *Dialect) Remove(f *rules.Field, ids []string) (Statement, error) {
	p := d.printer()
	p.put("DELETE FROM ", quote(f.Object.Table), " AS ", written)
	return p.among(f, ids)
}

func (p *printer) among(f *rules.Field, ids []string) (Statement, error) {
	p.bind(rules.Old, &scope{name: written})
	p.put(" WHERE ")
	p.pred(Among(rules.Old, f, ids))
	return p.statement()
}

// Among says that field f of v is one of ids.
func Among(v rules.Var, f *rules.Field, ids []string) rules.Pred {
	list := make([]any, len(ids))
	for i, id := range ids {
		list[i] = id
	}
	return rules.In{X: rules.Col{Var: v, Field: f}, List: rules.Val{Value: rules.Value{Kind: rules.ID, List: true, V: list}}}
}
