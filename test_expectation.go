package main

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"flora.dev/flora/rules"
	"flora.dev/flora/schema"
	"github.com/goccy/go-yaml/ast"
)

// expectation reads one line: an action, on what, with what.
func (r *testReader) expectation(n ast.Node, can bool) *expectation {
	keys := r.mapping(n, "a line of can or cannot", "read", "create", "update", "delete", "data", "set")
	if keys == nil {
		return nil
	}
	e := &expectation{place: r.place(n), can: can}
	var on ast.Node
	for i, name := range []string{"read", "create", "update", "delete"} {
		if keys[name] == nil {
			continue
		}
		if on != nil {
			r.at(n, "%s and %s in one line: write two", e.verb, name)
			return nil
		}
		on, e.verb, e.action = keys[name], name, rules.Read+rules.Action(i)
	}
	if on == nil {
		r.at(n, "the line needs read, create, update or delete")
		return nil
	}
	r.target(e, on)
	r.input(e, n, keys)
	return e
}

// target reads what a line speaks of: a collection for a create, else
// collection/_id, for a read collection/_id.field too.
func (r *testReader) target(e *expectation, n ast.Node) {
	form := "collection/_id, such as users/ada"
	if e.action == rules.Create {
		form = "a collection"
	}
	text, ok := str(n)
	if !ok {
		r.at(n, "%s must name %s, found %s", e.verb, form, found(n))
		return
	}
	name, id, slash := strings.Cut(text, "/")
	if slash == (e.action == rules.Create) {
		r.at(n, "%s must name %s, found %s", e.verb, form, found(n))
		return
	}
	if e.collection = collectionNamed(r.schema, name); e.collection == nil {
		r.at(n, "the schema has no collection %s", name)
		return
	}
	if e.action == rules.Create {
		return
	}
	c := e.collection
	if e.document = r.given.byID[c.Name+" "+id]; e.document != nil {
		return
	}
	dot := strings.LastIndexByte(id, '.')
	if dot < 0 || e.action != rules.Read {
		r.at(n, "given has no %s with _id %s", c.Name, id)
		return
	}
	if e.document = r.given.byID[c.Name+" "+id[:dot]]; e.document == nil {
		r.at(n, "given has no %s with _id %s", c.Name, id[:dot])
		return
	}
	if e.field = c.FieldNamed(id[dot+1:]); e.field == nil {
		r.at(n, "%s has no field %s", c.Name, id[dot+1:])
		return
	}
	e.behind = r.given.behind(e.document, e.field)
}

// input reads data of a create, set of an update.
func (r *testReader) input(e *expectation, n ast.Node, keys map[string]ast.Node) {
	own := map[rules.Action]string{rules.Create: "data", rules.Update: "set"}[e.action]
	for _, key := range []string{"data", "set"} {
		switch {
		case key == own && keys[key] == nil:
			r.at(n, "%s needs %s: {...}, the fields as a client would send them", e.verb, key)
			return
		case key != own && keys[key] != nil:
			r.at(keys[key], "%s has no %s", e.verb, key)
		}
	}
	if own == "" || e.collection == nil {
		return
	}
	values, ok := keys[own].(ast.MapNode)
	if !ok {
		r.at(keys[own], "%s must be a mapping of fields to values, found %s", own, found(keys[own]))
		return
	}
	e.data = map[string]any{}
	for it := values.MapRange(); it.Next(); {
		name := it.Key().GetToken().Value
		field := e.collection.FieldNamed(name)
		switch {
		case field == nil:
			r.at(it.Key(), "%s has no field %s", e.collection.Name, name)
		case !field.Settable():
			r.at(it.Key(), "%s is set by the server, no client can send it", field.Path())
		default:
			e.data[name] = r.value(it.Value(), field)
			e.fields = append(e.fields, field)
		}
	}
	for _, field := range e.collection.Fields {
		if e.action == rules.Create && field.NonNull && field.Settable() && field.Default == nil && !field.Many() && !slices.Contains(e.fields, field) {
			r.at(keys[own], "%s is missing", field.Path())
		}
	}
}

// value reads the value of a field as the API takes it.
func (r *testReader) value(n ast.Node, field *schema.Field) any {
	if !field.Many() {
		v, want := fieldValue(n, field)
		if want != "" {
			r.at(n, "%s must be %s, found %s", field.Path(), want, found(n))
		}
		if field.Kind == rules.Ref && v.V != nil {
			return map[string]any{"connect": r.reference(n, field, v.V)}
		}
		if field.Kind == rules.JSON || field.Embedded != nil {
			x, _ := jsonOf(n)
			return x
		}
		return plain(v.Kind, v.V)
	}
	list, ok := n.(*ast.SequenceNode)
	if !ok {
		r.at(n, "%s must be a list of the _id of each %s, found %s", field.Path(), field.TypeName, found(n))
		return nil
	}
	ids := []any{}
	for _, e := range list.Values {
		id, _ := str(e)
		ids = append(ids, r.reference(e, field, id))
	}
	return map[string]any{"connect": ids}
}

// reference checks the _id of a document that an input names.
func (r *testReader) reference(n ast.Node, field *schema.Field, id any) any {
	if r.given.byID[fmt.Sprintf("%s %s", field.TypeName, id)] == nil {
		r.at(n, "%s: given has no %s with _id %s", field.Path(), field.TypeName, id)
	}
	return id
}

// plain is a value of a document as JSON.
func plain(kind rules.Kind, v any) any {
	switch x := v.(type) {
	case []any:
		out := []any{}
		for _, e := range x {
			out = append(out, plain(kind, e))
		}
		return out
	case int64:
		if kind == rules.Time {
			return time.UnixMicro(x).UTC().Format(time.RFC3339Nano)
		}
	}
	return v
}
