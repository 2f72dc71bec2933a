package transfer

import (
	"context"

	"flora.dev/flora/schema"
)

// check reads every line once.
func (r *importing) check(ctx context.Context) error {
	err := r.scan(ctx, "checking", func(p at, row *Row, _ int) error {
		if x := r.files[p.file]; row.Table.place < x.first {
			x.first = row.Table.place
		}
		key := r.hash(row.Table, row.key())
		if _, twice := r.ids[key]; twice && !row.Table.Links {
			return r.fault(p, Fault{Collection: row.Table.Name, Field: idName, Problem: "another line has the same"})
		}
		r.ids[key] = struct{}{}
		r.result.Tables[row.Table.Name]++
		row.references(func(_ int, f *schema.Field, id string) { r.refs[r.hash(r.target(f), id)] = struct{}{} })
		return nil
	})
	r.Unknown = quiet(r.Unknown)
	if err != nil {
		return err
	}
	for key := range r.ids {
		delete(r.refs, key)
	}
	return nil
}

// quiet is told no more: each line is read several times.
func quiet(f func(string)) func(string) {
	if f == nil {
		return nil
	}
	return func(string) {}
}

// dangling finds the references that lead nowhere and decides about their lines.
func (r *importing) dangling(ctx context.Context) error {
	if len(r.refs) > 0 {
		if err := r.ask(ctx); err != nil {
			return err
		}
	}
	for again := len(r.missing) > 0; again; {
		again = false
		err := r.scan(ctx, "checking references", func(p at, row *Row, _ int) error {
			field, lost := r.lacks(row)
			if field == "" {
				return nil
			}
			// The documents that refer to this one lack it now.
			if key := r.hash(row.Table, row.key()); !row.Table.Links && !r.missing[key] {
				r.missing[key], again = true, true
			}
			r.result.Tables[row.Table.Name]--
			if lost {
				r.out[p] = true
				r.result.Skipped++
				return nil
			}
			return r.fault(p, Fault{Collection: row.Table.Name, Field: field, Problem: "refers to a document that is neither in the files nor in the store"})
		})
		if err != nil {
			return err
		}
	}
	return r.tooMany()
}

// ask asks the target which documents are missing.
func (r *importing) ask(ctx context.Context) error {
	const some = 200
	asked := map[*Table][]string{}
	flush := func(t *Table) error {
		missing, err := r.Target.Missing(ctx, t, asked[t])
		if err != nil {
			return err
		}
		for _, id := range missing {
			r.missing[r.hash(t, id)] = true
		}
		asked[t] = nil
		return nil
	}
	err := r.scan(ctx, "checking references", func(_ at, row *Row, _ int) error {
		var err error
		row.references(func(_ int, f *schema.Field, id string) {
			t := r.target(f)
			key := r.hash(t, id)
			if _, unknown := r.refs[key]; !unknown || err != nil {
				return
			}
			delete(r.refs, key)
			if asked[t] = append(asked[t], id); len(asked[t]) == some {
				err = flush(t)
			}
		})
		return err
	})
	if err != nil {
		return err
	}
	for _, t := range r.List {
		if len(asked[t]) > 0 {
			if err := flush(t); err != nil {
				return err
			}
		}
	}
	return nil
}

// lacks is the first field for which a row cannot be stored, "" if it can:
// its reference leads nowhere, or to a line that is left out. lost: the row is
// to be left out without being faulty.
func (r *importing) lacks(row *Row) (field string, lost bool) {
	row.references(func(_ int, f *schema.Field, id string) {
		if field != "" || !r.missing[r.hash(r.target(f), id)] {
			return
		}
		switch {
		case r.Dangling == Null && !f.NonNull:
			return
		case r.Dangling == Skip, r.Dangling == Null && row.Table.Links:
			lost = true
		}
		field = f.Name
	})
	return field, lost
}
