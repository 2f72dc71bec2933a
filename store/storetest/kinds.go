package storetest

import (
	"math"

	"flora.dev/flora/rules"
	"flora.dev/flora/store"
)

// extremes are values of each kind at the edges of what the contract allows.
func extremes() map[rules.Kind][]any {
	texts := []any{"", "plain", "quote \" slash \\ / tab\t nl\n", "Größe ☃ 𝄞 e\u0301", "\u0001\u007f\u2028", "'; DROP TABLE x --", "100%_"}
	return map[rules.Kind][]any{
		rules.Bool:   {true, false},
		rules.Int:    {int64(0), int64(math.MaxInt32), int64(math.MinInt32)},
		rules.Long:   {int64(0), int64(math.MaxInt64), int64(math.MinInt64), int64(1<<53 + 1)},
		rules.Float:  {0.0, 0.1, -2.5, 1e21, 1e-300, math.MaxFloat64, math.SmallestNonzeroFloat64, 123456789012345680.0, 1.0},
		rules.String: texts,
		rules.ID:     texts,
		rules.Date:   {"2026-02-28", "0001-01-01", "9999-12-31"},
		rules.Time:   {int64(0), int64(1_700_000_000_123_456), int64(-1), int64(-62135596800000000), int64(253402300799999999)},
		rules.Enum:   {"OPEN", "DONE"},
	}
}

// testKinds writes every kind of value and null, and reads it through each of
// the ways that values take.
func testKinds(s *suite) {
	for _, k := range kinds {
		values := append([]any{nil}, extremes()[k.kind]...)
		all := values[1:]
		for i, v := range values {
			id := k.name + string(rune('a'+i))
			var list any
			switch i {
			case 0:
			case 1:
				list = []any{}
			case 2:
				list = append([]any{}, all...)
			default:
				list = []any{v}
			}
			h := insert(s.thing, id, "label", "x", k.name, v, k.name+"s", list)
			answer := s.byID(s.thing, id, "_id", "_ts", k.name, k.name+"s")
			h.Answer, h.Echo = &answer, i%2 == 0
			want := "[" + text(id) + "," + text(s.now) + "," + text(v) + "," + text(list) + "]"
			o := s.write(h)
			s.check("answer of "+id, o.Results[0].Answer, want)
			s.check("read of "+id, s.read(answer)[0], want)

			// An update to the same value answers the same.
			u := update(s.thing, id, k.name, v, k.name+"s", list)
			u.Answer, u.Echo = &answer, i%2 == 1
			s.now++
			want = "[" + text(id) + "," + text(s.now) + "," + text(v) + "," + text(list) + "]"
			s.check("updated "+id, s.write(u).Results[0].Answer, want)
		}
		// Each value finds itself, in a page, as a parameter and in a list.
		var roots []store.Select
		var wants []string
		for i, v := range values {
			if i == 0 {
				continue
			}
			ids, inList := "", ""
			for j := range values {
				id := "[" + text(k.name+string(rune('a'+j))) + "]"
				if j == i {
					ids += id
				}
				if j == i && i > 2 || j == 2 {
					if inList != "" {
						inList += ","
					}
					inList += id
				}
			}
			x := col(1, s.thing, k.name)
			roots = append(roots,
				page(s.thing, eq(x, val(k.kind, v)), "_id"),
				page(s.thing, rules.In{X: x, List: listVal(k.kind, v)}, "_id"),
				page(s.thing, rules.In{X: val(k.kind, v), List: col(1, s.thing, k.name+"s")}, "_id"))
			wants = append(wants, "[["+ids+"]]", "[["+ids+"]]", "[["+inList+"]]")
		}
		for i, got := range s.read(roots...) {
			s.check(k.name+" found", got, wants[i])
		}
		s.clear(s.thing)
	}
}

// clear removes all documents of a collection that nothing refers to.
func (s *suite) clear(c collectionRef) {
	s.Helper()
	var ids [][][]string
	s.decode(s.read(page(c, rules.True, "_id"))[0], &ids)
	var heads []store.Head
	for _, d := range ids[0] {
		heads = append(heads, remove(c, d[0]))
	}
	s.write(heads...)
}
