package deploy

import (
	"context"
	"maps"

	"flora.dev/flora/rules"
	"flora.dev/flora/schema"
)

// look is one pass over stored documents.
type look struct {
	*pair
	ctx     context.Context
	docs    Documents
	report  *StoredReport
	limit   int
	objects map[string]*rules.Object // of the deployed schema, by table
	sources map[*rules.Field]schema.Source
	found   map[finding][]Row
	err     error
}

// finding is a question to the store.
type finding struct {
	field *rules.Field
	value any
}

func newLook(ctx context.Context, p *pair, d *schema.Difference, docs Documents, limit int) *look {
	l := &look{ctx: ctx, pair: p, docs: docs, report: &StoredReport{}, limit: limit,
		objects: map[string]*rules.Object{}, sources: maps.Clone(d.Sources), found: map[finding][]Row{}}
	for _, o := range objects(p.schemas[0]) {
		l.objects[o.Table] = o
	}
	// What is not declared is found by its column: _id, _ts and the ends of links.
	for _, s := range p.schemas {
		for _, o := range objects(s) {
			here := l.objects[o.Table]
			for _, f := range columns(o) {
				if _, declared := l.sources[f]; declared || here == nil {
					continue
				}
				for _, g := range columns(here) {
					if g.Column == f.Column {
						l.sources[f] = schema.Source{Was: g}
					}
				}
			}
		}
	}
	return l
}

// objects are what a schema has tables of.
func objects(s *schema.Schema) (list []*rules.Object) {
	for _, c := range s.Collections {
		list = append(list, c.Object)
	}
	for _, k := range s.Links {
		list = append(list, k.Object)
	}
	return list
}

func columns(o *rules.Object) (list []*rules.Field) {
	if o.Key != nil {
		list = append(list, o.Key, o.TS)
	}
	for _, f := range o.Fields {
		if f.Column != "" {
			list = append(list, f)
		}
	}
	return list
}

// fills reports whether a rule reads what the deployment fills: then answers may
// change under the rules that there were.
func (l *look) fills(q *question) (is bool) {
	for _, p := range q.preds(1) {
		visit(p, nil, func(x rules.Operand) {
			c, ok := x.(rules.Col)
			is = is || ok && !l.sources[c.Field].Absent.Null()
		})
	}
	return is && (q.field == "" || q.demands[1][0].Pred != nil)
}

// find returns the documents whose field has a value. The store finds those of
// a value that it has; where a deployment changes the values, all are looked at.
func (l *look) find(f *rules.Field, v any) (list []rules.Document) {
	o, from := l.objects[f.Object.Table], l.sources[f]
	if o == nil || v == nil || l.err != nil {
		return nil
	}
	key := finding{f, v}
	rows, ok := l.found[key]
	if !ok {
		if from.Convert == nil && from.Absent.Null() {
			if from.Was == nil {
				return nil
			}
			rows, l.err = l.docs.Find(l.ctx, o, from.Was, v)
		} else {
			l.err = l.docs.Each(l.ctx, o, func(r Row) bool {
				if (stored{l, o, r}).Value(f).V == v {
					rows = append(rows, r)
				}
				return true
			})
		}
		if l.err != nil {
			return nil
		}
		l.found[key] = rows
	}
	for _, r := range rows {
		list = append(list, stored{l, o, r})
	}
	return list
}

func (l *look) user(o *rules.Object, id rules.Value) rules.Document {
	if list := l.find(o.Identity, id.V); len(list) > 0 {
		return list[0]
	}
	return nil
}

func (l *look) all(o *rules.Object) (list []rules.Document) {
	if o = l.objects[o.Table]; o != nil && l.err == nil {
		l.err = l.docs.Each(l.ctx, o, func(r Row) bool {
			list = append(list, stored{l, o, r})
			return true
		})
	}
	return list
}

// stored is a stored document as the rules of either side see it.
type stored struct {
	l *look
	o *rules.Object // of the deployed schema
	r Row
}

var _ rules.Document = stored{}

// Value returns what a column has, or will have.
func (s stored) Value(f *rules.Field) rules.Value {
	v, from := rules.Value{Kind: f.Kind, List: f.List}, s.l.sources[f]
	if from.Was != nil {
		v.V = s.r[from.Was.Name]
	}
	if from.Convert != nil {
		v.V = from.Convert(rules.Value{Kind: from.Was.Kind, List: from.Was.List, V: v.V}).V
	}
	if v.V == nil {
		v.V = from.Absent.V
	}
	return v
}

// One follows a reference, or a one-to-one relation from its other side.
func (s stored) One(f *rules.Field) (rules.Document, bool) {
	list := s.Many(f)
	if len(list) == 0 {
		return nil, false
	}
	return list[0], true
}

// Many lists the documents behind a relation; rules range over the rows of links.
func (s stored) Many(f *rules.Field) []rules.Document {
	if f.ToOne() {
		return s.l.find(f.Target.Key, s.Value(f).V)
	}
	return s.l.find(f.Back, s.r["_id"])
}
