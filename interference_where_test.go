package main

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"flora.dev/flora/rules"
)

// Conditions of clients, in the reference, and what values look like.

// checkWhere refuses a where that names a field which the token alone makes
// unreadable.
func (r *reader) checkWhere(t *refType, in map[string]any, path []any) *refused {
	for _, k := range sortedKeys(in) {
		here, x := at(path, k), in[k]
		var err *refused
		f := t.field(strings.TrimSuffix(k, "IsNull"))
		switch {
		case k == "and" || k == "or":
			for i, e := range x.([]any) {
				if err == nil {
					err = r.checkWhere(t, e.(map[string]any), at(here, i))
				}
			}
		case k == "not":
			err = r.checkWhere(t, x.(map[string]any), here)
		case f == nil:
		default:
			target := r.schema.byName[f.target]
			switch {
			case f.many():
				for _, op := range sortedKeys(x.(map[string]any)) {
					if err == nil {
						err = r.checkWhere(target, x.(map[string]any)[op].(map[string]any), at(here, op))
					}
				}
			case f.kind == rules.Ref && f.name == k:
				err = r.checkWhere(target, x.(map[string]any), here)
			}
			if err == nil && !r.folds(t, f).may() {
				err = r.unauthorised(here)
			}
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// where is a client's condition: Kleene, and unknown where it touches what the
// caller may not read.
func (v *refView) where(d *refDoc, in map[string]any) refTruth {
	out := isTrue
	for k, x := range in {
		out = and(out, v.condition(d, k, x))
	}
	return out
}

// guarded is an atom where a rule is true, else unknown.
func guarded(rule refTruth, atom func() refTruth) refTruth {
	var out refTruth
	if rule.may() {
		out |= atom()
	}
	if rule != isTrue {
		out |= isUnknown
	}
	return out
}

func (v *refView) condition(d *refDoc, k string, x any) refTruth {
	switch k {
	case "and", "or":
		var parts []refTruth
		for _, e := range x.([]any) {
			parts = append(parts, v.where(d, e.(map[string]any)))
		}
		if k == "and" {
			return and(parts...)
		}
		return or(parts...)
	case "not":
		return not(v.where(d, x.(map[string]any)))
	case "_id":
		return operators(value(k, rules.ID).needed(), d.key(), x.(map[string]any))
	case "_ts":
		ts := any(d.ts)
		if d.dark {
			ts = opaque{}
		}
		return operators(value(k, rules.Long).needed(), ts, x.(map[string]any))
	}
	f := d.t.field(k)
	absent := f == nil
	if absent {
		f = d.t.field(strings.TrimSuffix(k, "IsNull"))
	}
	return guarded(v.fieldReadable(d, f), func() refTruth {
		switch {
		case f.many():
			return v.relation(d, f, x.(map[string]any))
		case absent && d.dark:
			return isTrue | isFalse
		case f.kind == rules.Ref && d.dark:
			return isUnknown | v.where(v.unknown(v.schema.byName[f.target]), x.(map[string]any))
		case absent:
			return equal(v.target(d, f) == nil, x)
		case f.kind == rules.Ref:
			target := v.target(d, f)
			if target == nil {
				return isUnknown
			}
			return v.where(target, x.(map[string]any))
		case f.members != nil:
			return inEmbedded(f, d.val(k), x.(map[string]any))
		}
		return operators(f, d.val(k), x.(map[string]any))
	})
}

func (v *refView) relation(d *refDoc, f *refField, in map[string]any) refTruth {
	out := isTrue
	for k, x := range in {
		some, every := isFalse, isTrue
		if d.dark {
			p := v.where(v.unknown(v.schema.byName[f.target]), x.(map[string]any))
			some, every = some|p, every|p
		} else {
			for _, c := range v.behind(d, f) {
				p := v.where(c, x.(map[string]any))
				some, every = or(some, p), and(every, p)
			}
		}
		switch k {
		case "some":
			out = and(out, some)
		case "none":
			out = and(out, not(some))
		case "every":
			out = and(out, every)
		}
	}
	return out
}

// inEmbedded is a condition on an embedded value: what is in none is null.
func inEmbedded(f *refField, value any, in map[string]any) refTruth {
	out := isTrue
	for k, x := range in {
		if k == "isNull" {
			out = and(out, operator(f, value, k, x))
			continue
		}
		for _, m := range f.members {
			if m.name != k {
				continue
			}
			inner := value
			if value != (opaque{}) {
				have, _ := value.(map[string]any)
				inner = have[k]
			}
			loose := *m // its holder may be absent
			loose.required = false
			if m.members != nil {
				out = and(out, inEmbedded(&loose, inner, x.(map[string]any)))
			} else {
				out = and(out, operators(&loose, inner, x.(map[string]any)))
			}
		}
	}
	return out
}

func operators(f *refField, v any, in map[string]any) refTruth {
	out := isTrue
	for op, x := range in {
		out = and(out, operator(f, v, op, x))
	}
	return out
}

func operator(f *refField, v any, op string, x any) refTruth {
	if op == "isNull" {
		switch {
		case f.required:
			return equal(false, x)
		case v == any(opaque{}):
			return isTrue | isFalse
		}
		return equal(v == nil, x)
	}
	if o, ok := v.(opaque); ok {
		return not(equal(o, x)) | isUnknown
	}
	switch op {
	case "has", "hasAny":
		list, ok := v.([]any)
		if !ok {
			return isUnknown
		}
		want, _ := x.([]any)
		if op == "has" {
			want = []any{x}
		}
		return definite(slices.ContainsFunc(want, func(e any) bool { return slices.Contains(list, f.element(e)) }))
	case "in", "nin":
		in := definite(slices.ContainsFunc(x.([]any), func(e any) bool { return f.element(e) == v }))
		if op == "nin" {
			return not(in)
		}
		return in
	}
	y := f.element(x)
	if plain, ok := strings.CutSuffix(op, "Fold"); ok {
		op, y = plain, strings.ToLower(y.(string))
		if s, ok := v.(string); ok {
			v = strings.ToLower(s)
		}
	}
	switch op {
	case "eq":
		return equal(v, y)
	case "ne":
		return not(equal(v, y))
	}
	if v == nil {
		return isUnknown
	}
	switch op {
	case "lt":
		return definite(compareValues(v, y) < 0)
	case "lte":
		return definite(compareValues(v, y) <= 0)
	case "gt":
		return definite(compareValues(v, y) > 0)
	case "gte":
		return definite(compareValues(v, y) >= 0)
	case "startsWith":
		return definite(strings.HasPrefix(v.(string), y.(string)))
	case "endsWith":
		return definite(strings.HasSuffix(v.(string), y.(string)))
	case "contains":
		return definite(strings.Contains(v.(string), y.(string)))
	}
	panic("no operator " + op)
}

// element is a scalar of an input as documents hold it.
func (f *refField) element(x any) any {
	switch x := x.(type) {
	case int:
		return int64(x)
	case name:
		return string(x)
	case string:
		if f.kind == rules.Time {
			t, err := time.Parse(time.RFC3339Nano, x)
			if err != nil {
				panic(err)
			}
			return t.UnixMicro()
		}
	}
	return x
}

// held is a value of an input as documents hold it.
func (f *refField) held(x any) any {
	switch x := x.(type) {
	case []any:
		out := []any{}
		for _, e := range x {
			out = append(out, f.element(e))
		}
		return out
	case map[string]any:
		out := map[string]any{}
		for _, m := range f.members {
			if x[m.name] != nil {
				out[m.name] = m.held(x[m.name])
			}
		}
		return out
	}
	return f.element(x)
}

// given is a value as an input says it, the other way round.
func (f *refField) given(v any) any {
	switch v := v.(type) {
	case int64:
		if f.kind == rules.Time {
			return clock(v)
		}
		return int(v)
	case string:
		if f.kind == rules.Enum {
			return name(v)
		}
	case []any:
		out := []any{}
		for _, e := range v {
			out = append(out, f.given(e))
		}
		return out
	case map[string]any:
		out := map[string]any{}
		for _, m := range f.members {
			if x, ok := v[m.name]; ok {
				out[m.name] = m.given(x)
			}
		}
		return out
	}
	return v
}

// shown is a value as answers show it.
func (f *refField) shown(v any) any {
	switch v := v.(type) {
	case int64:
		if f.kind == rules.Time {
			return clock(v)
		}
	case []any:
		out := []any{}
		for _, e := range v {
			out = append(out, f.shown(e))
		}
		return out
	}
	return v
}

func clock(micros int64) string { return time.UnixMicro(micros).UTC().Format(time.RFC3339Nano) }

func pathText(path []any) string { return fmt.Sprint(path) }
