package deploy

import (
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"reflect"
	"strings"
	"time"

	"flora.dev/flora/rules"
)

// searchNow is the clock of all searches.
var searchNow = time.Date(2026, 3, 1, 12, 0, 0, 123000, time.UTC)

func idOf(collection string, n int) string { return fmt.Sprint(strings.ToLower(collection), n) }

// pool holds the values that columns are given: what the rules compare them
// with and what stands beside it, then the simplest of their kind.
type pool struct {
	constants map[*column][]any
}

// note adds the constants that a predicate compares columns with.
func (p *pool) note(columns map[*rules.Field]*column, q rules.Pred) {
	visit(q, func(q rules.Pred) {
		switch q := q.(type) {
		case rules.Cmp:
			p.compared(columns, q.L, q.R)
			p.compared(columns, q.R, q.L)
		case rules.Match:
			p.compared(columns, q.X, q.Y)
			p.compared(columns, q.Y, q.X)
		case rules.In:
			p.compared(columns, q.X, q.List)
			p.compared(columns, q.List, q.X)
		}
	}, nil)
}

func (p *pool) compared(columns map[*rules.Field]*column, x, with rules.Operand) {
	c, ok1 := x.(rules.Col)
	v, ok2 := with.(rules.Val)
	if k := columns[c.Field]; ok1 && ok2 && k != nil && k.Kind != rules.Ref {
		values, many := v.Value.V.([]any)
		if !many {
			values = []any{v.Value.V}
		}
		for _, v := range values {
			for _, x := range []any{v, beside(k.Kind, v, 1), beside(k.Kind, v, -1)} {
				if x != nil && !has(p.constants[k], x) && len(p.constants[k]) < 24 {
					p.constants[k] = append(p.constants[k], x)
				}
			}
		}
	}
}

func has(list []any, v any) bool {
	for _, x := range list {
		if reflect.DeepEqual(x, v) {
			return true
		}
	}
	return false
}

// beside is the next value of a kind up or down, nil where it has none.
func beside(kind rules.Kind, v any, step int) any {
	switch v := v.(type) {
	case int64:
		if kind == rules.Time {
			return v + int64(step)*int64(time.Second/time.Microsecond)
		}
		if n := v + int64(step); kind != rules.Int || n == int64(int32(n)) {
			return n
		}
	case float64:
		if n := v + float64(step); !math.IsInf(n, 0) {
			return n
		}
	case string:
		switch {
		case kind == rules.Date:
			if t, err := time.Parse(time.DateOnly, v); err == nil {
				return t.AddDate(0, 0, step).Format(time.DateOnly)
			}
		case kind != rules.String && kind != rules.ID:
		case step > 0:
			return v + "a"
		case v != "":
			return v[:len(v)-len(string([]rune(v)[len([]rune(v))-1]))]
		}
	}
	return nil
}

// simple are values of a kind, the simplest first.
func simple(k *column) []any {
	switch k.Kind {
	case rules.Bool:
		return []any{false, true}
	case rules.Int, rules.Long:
		return []any{int64(0), int64(1), int64(2), int64(10)}
	case rules.Float:
		return []any{0.0, 1.0, 2.5}
	case rules.Enum:
		return texts(k.values...)
	case rules.Date:
		return texts("2026-03-01", "2026-02-28", "2020-01-01")
	case rules.Time:
		now := searchNow.UnixMicro()
		hour := int64(time.Hour / time.Microsecond)
		return []any{now, now - hour, now + hour, now - 24*365*hour}
	case rules.UUID:
		return texts("00000000-0000-4000-8000-000000000001", "00000000-0000-4000-8000-000000000002", "00000000-0000-4000-8000-000000000003",
			"ffffffff-0000-4000-8000-000000000000")
	case rules.Decimal:
		return texts("0", "1.5", "2")
	case rules.JSON:
		return texts(`{}`, `{"a":1}`)
	}
	return texts("a", "b", "c", "")
}

// unusual is a value of a unique column that other documents do not have.
func unusual(k *column, d *record) any {
	n := 1000 + len(d.id) + int(d.id[len(d.id)-1])
	switch k.Kind {
	case rules.Int, rules.Long:
		return int64(n)
	case rules.Float:
		return float64(n)
	case rules.Time:
		return searchNow.UnixMicro() + int64(n)
	case rules.Date:
		return searchNow.AddDate(0, 0, n).Format(time.DateOnly)
	case rules.UUID:
		return fmt.Sprintf("00000000-0000-4000-9000-%012d", n)
	case rules.Decimal:
		return fmt.Sprint(n)
	case rules.String, rules.ID:
		return "its-" + d.id
	}
	return simple(k)[0]
}

func texts(list ...string) (out []any) {
	for _, s := range list {
		out = append(out, s)
	}
	return out
}

// of are all values of a column.
func (p *pool) of(k *column) []any {
	switch {
	case k.List:
		return []any{[]any{}}
	case k.Kind == rules.Embedded:
		return []any{p.embedded(nil, k.Members)}
	}
	if list := append(p.constants[k][:len(p.constants[k]):len(p.constants[k])], simple(k)...); len(list) > 0 {
		return list
	}
	return []any{nil}
}

// pick is a random value of a column.
func (p *pool) pick(r *rand.Rand, k *column) any {
	switch {
	case k.List:
		list := []any{}
		for range r.IntN(3) {
			list = append(list, p.element(r, k))
		}
		return list
	case k.Kind == rules.Embedded:
		return p.embedded(r, k.Members)
	}
	return p.element(r, k)
}

func (p *pool) element(r *rand.Rand, k *column) any {
	from := p.constants[k]
	if len(from) == 0 || r.IntN(4) == 0 {
		if from = simple(k); len(from) == 0 {
			return nil
		}
	}
	return from[r.IntN(len(from))]
}

// embedded is the text of an embedded value: of the required members alone
// where r is nil.
func (p *pool) embedded(r *rand.Rand, members []*rules.Field) string {
	text, _ := rules.CanonicalJSON(p.object(r, members))
	return text
}

func (p *pool) object(r *rand.Rand, members []*rules.Field) map[string]any {
	out := map[string]any{}
	for _, m := range members {
		name := m.Name[strings.LastIndexByte(m.Name, '.')+1:]
		switch {
		case !m.NonNull && (r == nil || r.IntN(3) == 0):
		case m.List:
			out[name] = []any{}
		case m.Kind == rules.Embedded:
			out[name] = p.object(r, m.Members)
		case r == nil:
			out[name] = inside(m.Kind, simple(&column{Field: m, values: m.Values})[0])
		default:
			out[name] = inside(m.Kind, p.element(r, &column{Field: m, values: m.Values}))
		}
	}
	return out
}

// inside is a value as a member of an embedded one is stored: a time in
// microseconds.
func inside(kind rules.Kind, v any) any {
	if kind == rules.Time {
		kind = rules.Long
	}
	return plain(kind, v)
}

// plain is a value as JSON has it.
func plain(kind rules.Kind, v any) any {
	switch v := v.(type) {
	case int64:
		if kind == rules.Time {
			return time.UnixMicro(v).UTC().Format(time.RFC3339Nano)
		}
		return json.Number(fmt.Sprint(v))
	case float64:
		b, _ := json.Marshal(v)
		return json.Number(b)
	case string:
		if kind == rules.Embedded || kind == rules.JSON {
			return json.RawMessage(v)
		}
	case []any:
		out := make([]any, len(v))
		for i, x := range v {
			out[i] = plain(kind, x)
		}
		return out
	}
	return v
}
