package ruletest

import (
	"encoding/json"
	"fmt"
	"math"
	"reflect"
	"regexp"
	"strings"
	"time"

	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
	"cel.dev/cel-go/common/types/traits"
	"flora.dev/flora/rules"
)

var unknown = types.NewErr("unknown")

// cell is a value of a document with its declared type; nil is null. Booleans
// that are not null are CEL's own, so that CEL's logic applies to them.
type cell struct {
	kind rules.Kind
	list bool
	v    any
}

// docVal is a document.
type docVal struct{ *Doc }

var (
	uuid     = regexp.MustCompile(`^(?i)[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`)
	cellType = types.NewObjectType("oracle.Cell")
	docType  = types.NewObjectType("oracle.Doc", traits.IndexerType)
)

func (c cell) ConvertToNative(reflect.Type) (any, error)   { return nil, fmt.Errorf("a cell") }
func (c cell) ConvertToType(ref.Type) ref.Val              { return unknown }
func (c cell) Equal(ref.Val) ref.Val                       { return unknown }
func (c cell) Type() ref.Type                              { return cellType }
func (c cell) Value() any                                  { return c.v }
func (d docVal) ConvertToNative(reflect.Type) (any, error) { return nil, fmt.Errorf("a document") }
func (d docVal) ConvertToType(ref.Type) ref.Val            { return unknown }
func (d docVal) Equal(ref.Val) ref.Val                     { return unknown }
func (d docVal) Type() ref.Type                            { return docType }
func (d docVal) Value() any                                { return d.Doc }

// Get reads a field.
func (d docVal) Get(key ref.Val) ref.Val {
	f := d.Object.Field(string(key.(types.String)))
	switch {
	case f == nil:
		return unknown
	case f.Many():
		out := []ref.Val{}
		for _, x := range d.many(f) {
			out = append(out, docVal{x})
		}
		return types.NewRefValList(types.DefaultTypeAdapter, out)
	case f.Kind == rules.Ref:
		if t := d.target(f); t != nil {
			return docVal{t}
		}
		return cell{kind: rules.Ref}
	case len(f.Members) > 0:
		in := embedVal{field: f}
		if text, ok := d.Values[f].(string); ok {
			dec := json.NewDecoder(strings.NewReader(text))
			dec.UseNumber()
			if err := dec.Decode(&in.values); err != nil {
				panic(err)
			}
		}
		return in
	}
	return value(f, d.Doc.Value(f).V)
}

// value is a scalar or a list of them.
func value(f *rules.Field, v any) ref.Val {
	if b, ok := v.(bool); ok {
		return types.Bool(b)
	}
	return cell{f.Kind, f.List, v}
}

// embedVal is an embedded value, null without values.
type embedVal struct {
	field  *rules.Field
	values map[string]any
}

func (e embedVal) ConvertToNative(reflect.Type) (any, error) { return nil, fmt.Errorf("a value") }
func (e embedVal) ConvertToType(ref.Type) ref.Val            { return unknown }
func (e embedVal) Equal(ref.Val) ref.Val                     { return unknown }
func (e embedVal) Type() ref.Type                            { return docType }
func (e embedVal) Value() any                                { return e.values }

// Get reads a member: null in a value that is null.
func (e embedVal) Get(key ref.Val) ref.Val {
	for _, m := range e.field.Members {
		if last(m) != string(key.(types.String)) {
			continue
		}
		v := e.values[last(m)]
		if len(m.Members) > 0 {
			inner, _ := v.(map[string]any)
			return embedVal{m, inner}
		}
		if n, ok := v.(json.Number); ok && m.Kind != rules.JSON {
			v, _ = n.Int64()
			if m.Kind == rules.Float {
				v, _ = n.Float64()
			}
		}
		return value(m, v)
	}
	return unknown
}

func isNull(v ref.Val) bool {
	switch v := v.(type) {
	case cell:
		return v.v == nil
	case embedVal:
		return v.values == nil
	}
	return v.Type() == types.NullType
}

// as reads a value as a kind, exactly or not at all.
func as(v ref.Val, k rules.Kind) (any, bool) {
	switch v := v.(type) {
	case cell:
		return v.v, true
	case types.Bool:
		return bool(v), k == rules.Bool
	case types.String:
		if k == rules.Date {
			_, err := time.Parse("2006-01-02", string(v))
			return string(v), err == nil
		}
		if k == rules.UUID {
			return strings.ToLower(string(v)), uuid.MatchString(string(v))
		}
		return string(v), k == rules.String || k == rules.ID || k == rules.Enum || k == rules.Ref
	case types.Int:
		if k == rules.Float {
			f := float64(v)
			return f, v <= 1<<53 && v >= -(1<<53)
		}
		return int64(v), k == rules.Int || k == rules.Long
	case types.Double:
		if k == rules.Int || k == rules.Long {
			return int64(v), float64(int64(v)) == float64(v) && math.Abs(float64(v)) <= 1<<53
		}
		return float64(v), k == rules.Float
	case types.Timestamp:
		return v.Time.UnixMicro(), k == rules.Time
	}
	return nil, false
}
