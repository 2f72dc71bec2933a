package ruletest

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"

	"flora.dev/flora/rules"
)

// Change is what an update does to a document: to each field a value, an
// atomic operator, or a field of the caller's document. Others are omitted.
type Change map[*rules.Field]Write

// Write is what becomes of one field.
type Write struct {
	Op   string // set, inc, append, prepend, remove, copy
	By   any    // the value that is set, added or taken away
	From *rules.Field
	user *Doc // that has From
}

// Change is a random change by a caller of a few fields of o, and of most that
// the rule speaks of.
func (g *Generator) Change(o *rules.Object, c Caller, rule string) Change {
	out := Change{}
	for _, f := range o.Fields {
		spoken := strings.Contains(rule, "oc."+f.Name)
		if f.Column == "" || g.n(4) != 0 && !(spoken && g.n(6) != 0) {
			continue
		}
		if w := g.write(f, c); w.Op != "set" || w.By != nil || !f.NonNull {
			out[f] = w
		}
	}
	return out
}

func (g *Generator) write(f *rules.Field, c Caller) Write {
	if w, ok := g.copied(f, c); ok && g.n(3) == 0 {
		return w
	}
	number := f.Kind == rules.Int || f.Kind == rules.Long || f.Kind == rules.Float
	switch {
	case f.List && g.n(4) != 0:
		by := []any{}
		for range g.n(3) {
			by = append(by, pick(g.Rand, pool(f)))
		}
		return Write{Op: pick(g.Rand, []string{"append", "prepend", "remove"}), By: by}
	case number && !f.List && g.n(4) != 0:
		largest := map[rules.Kind][]any{rules.Int: {int64(math.MaxInt32), int64(math.MinInt32)}, rules.Long: {int64(math.MaxInt64), int64(math.MinInt64)},
			rules.Float: {math.MaxFloat64, -math.MaxFloat64}}[f.Kind]
		return Write{Op: "inc", By: pick(g.Rand, append(largest, pool(f)...))}
	}
	return Write{Op: "set", By: g.World.Value(g.Rand, f)}
}

// copied is a copy of a field of a document of the caller that fits f.
func (g *Generator) copied(f *rules.Field, c Caller) (Write, bool) {
	var from []*rules.Field
	for _, o := range g.World.Users(g.Setting) {
		if f.Kind == rules.Ref && f.Target == o {
			from = append(from, o.Key)
		}
		for _, x := range o.Fields {
			if x.Column != "" && x.Kind == f.Kind && x.List == f.List && x.Target == f.Target && x.TypeName == f.TypeName && (x.NonNull || !f.NonNull) {
				from = append(from, x)
			}
		}
	}
	if len(from) == 0 {
		return Write{}, false
	}
	w := Write{Op: "copy", From: pick(g.Rand, from)}
	w.user = g.World.UserOf(c, w.From.Object)
	return w, w.user != nil
}

// Copies are the fields of the caller's documents in a change: what @set and
// @default may say.
func (c Change) Copies() Change {
	out := Change{}
	for f, w := range c {
		if w.Op == "copy" {
			out[f] = w
		}
	}
	return out
}

// After returns the document after the change.
func (d *Doc) After(c Change) *Doc {
	n := *d
	n.Values = map[*rules.Field]any{}
	for f, v := range d.Values {
		n.Values[f] = v
	}
	for f, w := range c {
		n.Values[f] = w.on(f, d.Values[f])
	}
	return &n
}

// Fresh is a new document like d, with some fields omitted and others as c says.
func (d *Doc) Fresh(r *rand.Rand, c Change) *Doc {
	n := d.After(c)
	n.ID = "fresh"
	for _, f := range d.Object.Fields {
		if _, set := c[f]; !set && !f.NonNull && r.IntN(3) == 0 {
			n.Values[f] = nil
		}
	}
	return n
}

// on is the value of a field after the write.
func (w Write) on(f *rules.Field, old any) any {
	list, _ := old.([]any)
	by, _ := w.By.([]any)
	switch w.Op {
	case "inc":
		return increased(f.Kind, old, w.By)
	case "append":
		return slices.Concat([]any{}, list, by)
	case "prepend":
		return slices.Concat([]any{}, by, list)
	case "remove":
		return slices.DeleteFunc(slices.Clone(append([]any{}, list...)), func(x any) bool { return slices.Contains(by, x) })
	case "copy":
		return w.user.Value(w.From).V
	}
	return w.By
}

// increased adds two numbers: null where the sum is none of the kind.
func increased(k rules.Kind, old, by any) any {
	switch a := old.(type) {
	case float64:
		if s := a + by.(float64); math.Abs(s) <= math.MaxFloat64 {
			return s
		}
	case int64:
		b := by.(int64)
		if b > 0 && a > math.MaxInt64-b || b < 0 && a < math.MinInt64-b {
			return nil
		}
		if k != rules.Int || a+b == int64(int32(a+b)) {
			return a + b
		}
	}
	return nil
}

// Operand is what newDoc's field is in a statement: x is the stored column.
func (w Write) Operand(f *rules.Field, x rules.Operand) rules.Operand {
	by := rules.Value{Kind: f.Kind, List: f.List, V: w.By}
	switch w.Op {
	case "inc":
		return rules.Sum{X: x, By: by}
	case "append", "prepend":
		return rules.Joined{List: x, Add: by, Front: w.Op == "prepend"}
	case "remove":
		return rules.Without{List: x, Drop: by}
	case "copy":
		o := w.From.Object
		return rules.UserVal{Object: o, Identity: rules.Val{Value: w.user.Value(o.Identity)}, Field: w.From}
	}
	return rules.Val{Value: by}
}

// String shows the write in tests.
func (w Write) String() string {
	if w.From != nil {
		return w.Op + " " + w.From.Path()
	}
	return fmt.Sprintf("%s %v", w.Op, w.By)
}
