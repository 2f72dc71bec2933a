package deploy

import (
	"math/rand/v2"
	"reflect"
	"slices"

	"flora.dev/flora/rules"
	"flora.dev/flora/schema"
)

// column is a field with a column, as both schemas have it. Where they
// disagree about its kind there are two.
type column struct {
	*rules.Field          // one of the schemas'
	nonNull      bool     // in either
	unique       bool     // in either, by itself
	values       []string // of an enum, in either
	derived      bool     // clients do not set it, in either
}

func newPair(old, new *schema.Schema) *pair {
	p := &pair{schemas: [2]*schema.Schema{old, new}, columns: map[*rules.Field]*column{}, of: map[string][]*column{}}
	for _, s := range p.schemas {
		for _, c := range s.Collections {
			for _, f := range c.Fields {
				if f.Column != "" {
					p.renamed(c, f)
					k := p.column(c.Name, f.Field)
					k.derived = k.derived || !f.Settable()
				}
				if f.Link != nil {
					p.column(f.Link.Object.Name, f.Link.Near)
					p.column(f.Link.Object.Name, f.Link.Far)
				}
			}
			for _, u := range c.Uniques {
				var list []*column
				for _, f := range u.Fields {
					list = append(list, p.columns[f.Field])
				}
				list[0].unique = list[0].unique || len(list) == 1
				p.uniques = append(p.uniques, list)
			}
		}
	}
	return p
}

// former is what a field was in the old schema, nil if it is new.
func (p *pair) former(c *schema.Collection, f *schema.Field) *schema.Field {
	old := p.schemas[0].Collection(c.Name)
	if old == nil {
		return nil
	}
	if g := old.FieldNamed(f.Name); g != nil || f.Renamed == "" {
		return g
	}
	return old.FieldNamed(f.Renamed)
}

// renamed gives a field the column of the one that it was, under its name now.
func (p *pair) renamed(c *schema.Collection, f *schema.Field) {
	g := p.former(c, f)
	if g == nil || g.Name == f.Name || g.Kind != f.Kind || g.List != f.List || g.TypeName != f.TypeName {
		return
	}
	if k := p.columns[g.Field]; k != nil && p.columns[f.Field] == nil {
		k.Field = f.Field
	}
}

func (p *pair) column(collection string, f *rules.Field) *column {
	if k := p.columns[f]; k != nil {
		return k
	}
	for _, k := range p.of[collection] {
		if k.Name == f.Name && k.Kind == f.Kind && k.List == f.List && k.TypeName == f.TypeName {
			p.columns[f] = k
			k.nonNull = k.nonNull || f.NonNull
			for _, v := range f.Values {
				if !slices.Contains(k.values, v) {
					k.values = append(k.values, v)
				}
			}
			return k
		}
	}
	k := &column{Field: f, nonNull: f.NonNull, values: slices.Clone(f.Values)}
	p.columns[f] = k
	p.of[collection] = append(p.of[collection], k)
	return k
}

// world is a small set of documents. What is asked of a document and was not
// decided is made up then, so that it has no more than the rules look at.
type world struct {
	*pair
	rand   *rand.Rand
	pool   *pool
	docs   map[string][]*record
	fresh  *record         // the new side of a write, which is in none of docs
	filled map[string]bool // collections that were given documents to range over
	users  map[*column]bool
	frozen bool // nothing is made up: null, or the simplest value
}

// record is a document of a world. That of the new side of a write is in none of
// the world's lists.
type record struct {
	collection string
	id         string
	values     map[*column]any
	base       *record            // the stored document, of an update's new side
	set        [2]map[*column]any // by the server, on each side
}

func newWorld(p *pair, r *rand.Rand, values *pool) *world {
	return &world{pair: p, rand: r, pool: values, docs: map[string][]*record{}, filled: map[string]bool{}, users: map[*column]bool{}}
}

// add makes a document of a collection.
func (w *world) add(collection string) *record {
	d := &record{collection: collection, id: idOf(collection, len(w.docs[collection])+1), values: map[*column]any{}}
	w.docs[collection] = append(w.docs[collection], d)
	return d
}

// find returns the document with that _id, or nil.
func (w *world) find(collection, id string) *record {
	for _, d := range w.docs[collection] {
		if d.id == id {
			return d
		}
	}
	return nil
}

// named is the document with that _id, made if need be.
func (w *world) named(collection, id string) *record {
	d := w.find(collection, id)
	if d == nil {
		d = w.add(collection)
		d.id = id
	}
	return d
}

// rename gives a document another _id, with what refers to it, and reports
// whether it can have that.
func (w *world) rename(d *record, id string) bool {
	if d == nil || id == "" || w.find(d.collection, d.id) != d || w.find(d.collection, id) != nil {
		return false
	}
	follow := func(o *record) {
		for k, v := range o.values {
			if k.Kind == rules.Ref && k.Target.Name == d.collection && v == d.id {
				o.values[k] = id
			}
		}
	}
	for _, docs := range w.docs {
		for _, o := range docs {
			follow(o)
		}
	}
	if w.fresh != nil {
		follow(w.fresh)
		if w.fresh.base == d {
			w.fresh.id = id
		}
	}
	d.id = id
	return true
}

// value is a column of a document as a side has it.
func (w *world) value(d *record, k *column, side int) any {
	if v, ok := d.set[side][k]; ok {
		return v
	}
	v, ok := d.values[k]
	if !ok {
		v = w.invent(d, k, side)
		d.values[k] = v
	}
	return v
}

func (w *world) invent(d *record, k *column, side int) any {
	switch {
	case d.base != nil && (w.frozen || k.derived || w.rand.IntN(10) < 7):
		return w.value(d.base, k, side)
	case !k.nonNull && (w.frozen || w.rand.IntN(6) == 0):
		return nil
	case k.Kind == rules.Ref:
		docs := w.docs[k.Target.Name]
		switch {
		case len(docs) == 0 || k.unique:
		case w.frozen && len(docs) > 6:
			return docs[len(docs)-1].id
		case !w.frozen && (len(docs) > 2 || w.rand.IntN(2) == 0):
			return docs[w.rand.IntN(len(docs))].id
		}
		return w.add(k.Target.Name).id
	case w.frozen && !k.unique:
		return w.pool.of(k)[0]
	case w.frozen:
		for _, v := range w.pool.of(k) {
			if !w.taken(d, k, v) {
				return v
			}
		}
		return unusual(k, d)
	}
	for range 6 {
		if v := w.pool.pick(w.rand, k); !k.unique || !w.taken(d, k, v) {
			return v
		}
	}
	return unusual(k, d)
}

// taken reports whether another document has that value.
func (w *world) taken(d *record, k *column, v any) bool {
	for _, o := range w.docs[d.collection] {
		if x, ok := o.values[k]; ok && o.id != d.id && x != nil && reflect.DeepEqual(x, v) {
			return true
		}
	}
	return false
}

// sound reports that no unique key has the same values twice.
func (w *world) sound(beside ...*record) bool {
	for _, key := range w.uniques {
		docs := w.docs[key[0].Object.Name]
		for _, d := range beside {
			if d != nil && d.collection == key[0].Object.Name {
				docs = append(docs[:len(docs):len(docs)], d)
			}
		}
		for i, a := range docs {
			for _, b := range docs[:i] {
				if a.id != b.id && !slices.ContainsFunc(key, func(k *column) bool {
					x, y := a.values[k], b.values[k]
					return x == nil || !reflect.DeepEqual(x, y)
				}) {
					return false
				}
			}
		}
	}
	return true
}

// every are the documents of a collection, of which there are a few at random.
func (w *world) every(collection string) []*record {
	if !w.frozen && !w.filled[collection] {
		w.filled[collection] = true
		for range w.rand.IntN(3) {
			if len(w.docs[collection]) < 3 {
				w.add(collection)
			}
		}
	}
	return w.docs[collection]
}

// user is the document whose identity field k has the value; there may be none.
func (w *world) user(k *column, identity any, side int) *record {
	for _, d := range w.docs[k.Object.Name] {
		if w.value(d, k, side) == identity {
			return d
		}
	}
	if w.frozen || w.users[k] || identity == nil {
		return nil
	}
	if w.users[k] = true; w.rand.IntN(4) == 0 {
		return nil
	}
	d := w.add(k.Object.Name)
	d.values[k] = identity
	return d
}

// behind are the documents that a relation leads to.
func (w *world) behind(d *record, f *rules.Field, side int) (list []*record) {
	switch {
	case d == w.fresh && d.base == nil && !f.ToOne(): // nothing refers to what is not stored yet
	case f.ToOne():
		if id, ok := w.value(d, w.columns[f], side).(string); ok {
			if t := w.find(f.Target.Name, id); t != nil {
				list = append(list, t)
			}
		}
	case f.Link != nil:
		for _, row := range w.every(f.Link.Object.Name) {
			if w.value(row, w.columns[f.Link.Near], side) == d.id {
				list = append(list, w.behind(row, f.Link.Far, side)...)
			}
		}
	default:
		for _, t := range w.every(f.Target.Name) {
			if w.value(t, w.columns[f.Back], side) == d.id {
				list = append(list, t)
			}
		}
	}
	return list
}
