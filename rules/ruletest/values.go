package ruletest

import (
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"time"

	"flora.dev/flora/rules"
)

// Pools of values, small so that equality happens.
var (
	words    = []any{"", "a", "b", "ab", "x'y", "é€𝄞", "A", "alice"}
	ints     = []any{int64(-1), int64(0), int64(1), int64(2), int64(math.MaxInt32)}
	longs    = []any{int64(0), int64(1), int64(7), int64(1) << 62, int64(-9007199254740993)}
	floats   = []any{0.0, 1.0, 1.5, -2.25, 1e21, 1.5e308}
	bools    = []any{true, false}
	days     = []any{"2026-01-31", "2026-02-01", "0001-01-01"}
	times    = []any{Clock.UnixMicro(), Clock.Add(-time.Hour).UnixMicro(), Clock.Add(time.Microsecond).UnixMicro()}
	uuids    = []any{"00000000-0000-4000-8000-00000000000a", "f81d4fae-7dec-11d0-a765-00a0c91e6bf6"}
	decimals = []any{"0", "1.5", "-100000000000000000000.01"}
	texts    = []any{`{"a":1}`, `[]`, `"null"`, `0`}
	Clock    = time.Date(2026, 3, 1, 12, 0, 0, 123000, time.UTC) // the callers' now
	persons  = []string{"alice", "bob", "carol", "dave"}         // dave has no document
)

func pool(f *rules.Field) []any {
	switch f.Kind {
	case rules.Bool:
		return bools
	case rules.Int:
		return ints
	case rules.Long:
		return longs
	case rules.Float:
		return floats
	case rules.Date:
		return days
	case rules.Time:
		return times
	case rules.UUID:
		return uuids
	case rules.Decimal:
		return decimals
	case rules.JSON:
		return texts
	case rules.Enum:
		return []any{"A", "B"}
	}
	return words
}

// Value returns a random value for a field, null a third of the time where it may be.
func (w *World) Value(r *rand.Rand, f *rules.Field) any {
	if !f.NonNull && r.IntN(3) == 0 {
		return nil
	}
	switch {
	case f.Kind == rules.Ref:
		targets := w.Docs[f.Target]
		if len(targets) == 0 {
			return nil
		}
		return targets[r.IntN(len(targets))].ID
	case f.List:
		out := []any{}
		for range r.IntN(3) {
			out = append(out, pick(r, pool(f)))
		}
		return out
	case f.Kind == rules.Embedded:
		text, err := json.Marshal(w.members(r, f))
		if err != nil {
			panic(err)
		}
		return string(text)
	}
	return pick(r, pool(f))
}

// members is a value of an embedded type. What is null is left out.
func (w *World) members(r *rand.Rand, f *rules.Field) map[string]any {
	out := map[string]any{}
	for _, m := range f.Members {
		name := last(m)
		switch v := w.Value(r, m); {
		case v == nil:
		case m.Kind == rules.Embedded:
			out[name] = w.members(r, m)
		case m.Kind == rules.JSON:
			out[name] = json.RawMessage(v.(string))
		default:
			out[name] = v
		}
	}
	return out
}

// last is the name of a field without that of the embedded one it is in.
func last(f *rules.Field) string { return f.Name[strings.LastIndexByte(f.Name, '.')+1:] }

func pick[T any](r *rand.Rand, xs []T) T { return xs[r.IntN(len(xs))] }

// Fill replaces the documents by random ones: n products, fewer of the others.
func (w *World) Fill(r *rand.Rand, n int) {
	w.Docs = map[*rules.Object][]*Doc{}
	count := map[*rules.Object]int{w.User: 3, w.Patient: 3, w.Badge: 2, w.Team: 3, w.Member: 6, w.Label: 3, w.Product: n, w.Recall: n / 2}
	for _, o := range w.Objects() {
		for i := range count[o] {
			d := &Doc{world: w, Object: o, ID: fmt.Sprintf("%s%d", o.Name, i), Values: map[*rules.Field]any{}}
			for _, f := range o.Fields {
				if f.Column != "" {
					d.Values[f] = w.Value(r, f)
				}
			}
			switch o { // what is unique
			case w.User:
				d.Values[o.Identity] = persons[i]
			case w.Patient:
				d.Values[o.Identity] = numbers[i]
			case w.Badge:
				d.Values[o.Identity], d.Values[o.Field("holder")] = emails[i], fmt.Sprintf("User%d", (i+1)%3)
			case w.Recall:
				d.Values[o.Fields[0]] = fmt.Sprintf("Product%d", 2*i)
			}
			w.Docs[o] = append(w.Docs[o], d)
		}
	}
	for _, l := range w.Links {
		for _, a := range w.Docs[l.Near.Target] {
			for _, b := range w.Docs[l.Far.Target] {
				if r.IntN(3) == 0 {
					w.Docs[l.Object] = append(w.Docs[l.Object], &Doc{world: w, Object: l.Object, Values: map[*rules.Field]any{l.Near: a.ID, l.Far: b.ID}})
				}
			}
		}
	}
}

// The identities of Patient and Badge documents.
var (
	numbers = []int64{7, 9007199254740993, 1}
	emails  = []string{"a@example.com", "b@example.com"}
)
