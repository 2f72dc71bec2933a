package transfer

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"

	"flora.dev/flora/rules"
	"flora.dev/flora/schema"
	"flora.dev/flora/store"
)

// inserts are the creates of documents that are not there, each after those
// that it must refer to. A reference to what comes later is left null.
func (w *work) inserts() (steps []step) {
	coming := map[place]bool{}
	available := func(r *Row, f *schema.Field, id string) bool {
		p := place{w.target(f), id}
		return w.there[p] || coming[p] || p == place{r.Table, r.ID}
	}
	for progress := true; progress; {
		progress = false
		for i, r := range w.rows {
			at := place{r.Table, r.ID}
			if r.Table.Links || w.refused[i] || w.stored[r.ID] != nil || coming[at] {
				continue
			}
			made := &Row{Table: r.Table, ID: r.ID, TS: r.TS, Values: slices.Clone(r.Values)}
			lacks := false
			r.references(func(k int, f *schema.Field, id string) {
				if !available(r, f, id) {
					made.Values[k].V = nil
					lacks = lacks || f.NonNull
				}
			})
			if lacks {
				continue
			}
			if made.TS == 0 {
				made.TS = w.now().UnixMicro()
			}
			coming[at], progress = true, true
			h := store.Head{Kind: store.Insert, Table: r.Table.Object, ID: r.ID, TS: made.TS, Guard: rules.True, Readable: rules.True}
			for k, f := range r.Table.Fields {
				h.Set = append(h.Set, store.Assign{Field: f.Field, Value: rules.Val{Value: made.Values[k]}})
			}
			h.Set = store.Folded(h.Set)
			steps = append(steps, step{i, h, func() { w.stored[r.ID], w.there[at], w.wrote[i] = made, true, true }})
		}
	}
	return steps
}

// rest are the links and the references that documents wait for. It decides
// what became of every row.
func (w *work) rest() (steps []step) {
	for i, r := range w.rows {
		if w.refused[i] {
			continue
		}
		w.out[i] = Outcome{Status: Same}
		if w.wrote[i] {
			w.out[i].Status = Written
		}
		wait := func(f *schema.Field) {
			w.out[i] = Outcome{Status: Waiting, Field: f.Name, Problem: "refers to a document that is not there"}
		}
		if r.Table.Links {
			r.references(func(_ int, f *schema.Field, id string) {
				if !w.there[place{w.target(f), id}] {
					wait(f)
				}
			})
			if w.stored[r.key()] == nil && w.out[i].Status != Waiting {
				h := store.Head{Kind: store.Link, Table: r.Table.Object, Guard: rules.True, Readable: rules.True, Required: true}
				for k, f := range r.Table.Fields {
					h.Set = append(h.Set, store.Assign{Field: f.Field, Value: rules.Val{Value: r.Values[k]}})
				}
				steps = append(steps, step{i, h, func() { w.stored[r.key()], w.wrote[i] = r, true }})
			}
			continue
		}
		was := w.stored[r.ID]
		if was == nil {
			r.references(func(_ int, f *schema.Field, id string) {
				if f.NonNull && !w.there[place{w.target(f), id}] {
					wait(f)
				}
			})
			continue
		}
		if f := differs(r, was); f != nil {
			w.refuse(i, f.Name, "another document with this _id is there, with another value")
			continue
		}
		h := store.Head{Kind: store.Update, Table: r.Table.Object, ID: r.ID, TS: was.TS, Version: &was.TS, Guard: rules.True, Readable: rules.True, Required: true}
		now := &Row{Table: r.Table, ID: r.ID, TS: was.TS, Values: slices.Clone(was.Values)}
		r.references(func(k int, f *schema.Field, id string) {
			switch {
			case !was.Values[k].Null():
			case !w.there[place{w.target(f), id}]:
				wait(f)
			default:
				now.Values[k] = r.Values[k]
				h.Set = append(h.Set, store.Assign{Field: f.Field, Value: rules.Val{Value: r.Values[k]}})
			}
		})
		if len(h.Set) > 0 {
			steps = append(steps, step{i, h, func() { w.stored[r.ID], w.wrote[i] = now, true }})
		}
	}
	return steps
}

// differs is the first field in which a document is not what a row says, nil if
// there is none. References may still be missing.
func differs(r, was *Row) *schema.Field {
	for k, f := range r.Table.Fields {
		if f.ToOne() && was.Values[k].Null() {
			continue
		}
		if !reflect.DeepEqual(r.Values[k].V, was.Values[k].V) {
			return f
		}
	}
	return nil
}

func (w *work) refuse(i int, field, problem string) {
	w.refused[i], w.out[i] = true, Outcome{Refused, field, problem}
}

// write runs steps, all of them or none. One that the store refuses is noted:
// the others are to be planned again without it.
func (w *work) write(ctx context.Context, steps []step) error {
	m := &store.Mutation{Version: w.version, Now: w.now().UnixMicro()}
	if w.Audit != nil {
		entry := *w.Audit
		entry.Detail = fmt.Sprintf(`{"collection":%q,"rows":%d}`, w.rows[0].Table.Name, len(steps))
		m.Heads = append(m.Heads, entry.Head())
	}
	first := len(m.Heads)
	for _, s := range steps {
		m.Heads = append(m.Heads, s.head)
	}
	_, err := w.db.Write(ctx, m)
	var refused *store.WriteError
	switch {
	case err == nil:
		for _, s := range steps {
			s.done()
		}
		return nil
	case errors.Is(err, store.ErrLimit) && len(steps) > 1:
		half := len(steps) / 2
		if err := w.write(ctx, steps[:half]); err != nil {
			return err
		}
		if slices.ContainsFunc(steps[:half], func(s step) bool { return w.refused[s.row] }) {
			return nil
		}
		return w.write(ctx, steps[half:])
	case errors.Is(err, store.ErrLimit):
		w.refuse(steps[0].row, "", "is larger than the store takes")
		return nil
	case errors.As(err, &refused) && refused.Head >= first:
		w.refuse(steps[refused.Head-first].row, "", problems[refused.Why])
		return nil
	}
	return fmt.Errorf("write documents: %w", err)
}

// problems are the refusals that rows without rules can meet.
var problems = map[store.Refusal]string{
	store.Conflict:        "another document has a value that must be unique",
	store.Forbidden:       "a document that it refers to went away",
	store.TooLarge:        "a value is larger than the store takes",
	store.VersionMismatch: "was changed in the meantime",
}
