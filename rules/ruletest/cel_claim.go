package ruletest

import (
	"encoding/json"
	"fmt"
	"math/big"

	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
	"cel.dev/cel-go/common/types/traits"
	"flora.dev/flora/rules"
)

func hasClaim(m, key ref.Val) ref.Val {
	mapper, ok := m.(traits.Mapper)
	if !ok {
		return unknown
	}
	v, found := mapper.Find(key)
	if found && types.IsUnknownOrError(v) {
		return unknown
	}
	return types.Bool(found)
}

// declared reads a declared claim: one of another type is unknown, in a list
// only the element is.
func declared(token, name ref.Val) ref.Val {
	for _, c := range known {
		if c.Name != string(name.(types.String)) {
			continue
		}
		v, found := token.(traits.Mapper).Find(types.String(c.Key))
		if !found {
			return unknown
		}
		if !c.List {
			return typed(v, c.Kind)
		}
		l, ok := v.(traits.Lister)
		if !ok {
			return unknown
		}
		out := []ref.Val{}
		for it := l.Iterator(); it.HasNext() == types.True; {
			out = append(out, typed(it.Next(), c.Kind))
		}
		return types.NewRefValList(types.DefaultTypeAdapter, out)
	}
	return unknown
}

func typed(v ref.Val, k rules.Kind) ref.Val {
	if types.IsUnknownOrError(v) {
		return unknown
	}
	x, ok := as(v, k)
	if !ok {
		return unknown
	}
	return types.DefaultTypeAdapter.NativeToValue(x)
}

func hasDeclared(token, name ref.Val) ref.Val {
	for _, c := range known {
		if c.Name == string(name.(types.String)) {
			if _, found := token.(traits.Mapper).Find(types.String(c.Key)); !found {
				return types.False
			}
		}
	}
	if types.IsUnknownOrError(declared(token, name)) {
		return unknown
	}
	return types.True
}

// useless is what CEL cannot convert: reading it is an error, unknown.
type useless struct{}

// claim converts decoded JSON. Null and inexact numbers are useless.
func claim(v any) any {
	switch v := v.(type) {
	case nil:
		return useless{}
	case map[string]any:
		out := map[string]any{}
		for k, x := range v {
			out[k] = claim(x)
		}
		return out
	case []any:
		out := []any{}
		for _, x := range v {
			out = append(out, claim(x))
		}
		return out
	case json.Number:
		exact, _ := new(big.Rat).SetString(v.String())
		if exact.IsInt() && exact.Num().IsInt64() {
			return exact.Num().Int64()
		}
		f, _ := exact.Float64()
		if shortest, _ := new(big.Rat).SetString(fmt.Sprint(f)); shortest.Cmp(exact) == 0 {
			return f
		}
		return useless{}
	}
	return v
}
