package graph

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"
	"unicode/utf16"

	"flora.dev/flora/rules"
	"flora.dev/flora/schema"
	"github.com/google/go-cmp/cmp"
	"github.com/vektah/gqlparser/v2/gqlerror"
)

func member(name string, index int, s *schema.Shape) schema.Member {
	return schema.Member{Key: []byte(`"` + name + `":`), Name: name, Index: index, Shape: s}
}

func object(members ...schema.Member) *schema.Shape {
	return &schema.Shape{Kind: schema.ShapeObject, Members: members}
}

func listShape(k rules.Kind) *schema.Shape {
	return &schema.Shape{Kind: schema.ShapeScalar, Scalar: k, List: true}
}

func guarded(s *schema.Shape) *schema.Shape {
	c := *s
	c.Guarded = true
	return &c
}

func part(kind schema.ShapeKind, members ...schema.Member) *schema.Shape {
	return &schema.Shape{Kind: kind, Members: members}
}

func literal(s string) *schema.Shape {
	return &schema.Shape{Kind: schema.ShapeLiteral, Literal: []byte(s)}
}

func pageShape(p schema.Page, members ...schema.Member) *schema.Shape {
	if p.Cursor == nil {
		p.Cursor = func(_ context.Context, values []string) string { return "<" + strings.Join(values, "|") + ">" }
	}
	return &schema.Shape{Kind: schema.ShapePage, Page: &p, Members: members}
}

// write returns the value of a root field "r" and the paths denied.
func write(s *schema.Shape, text string) (string, []string, error) {
	limits := DefaultLimits()
	w := &writer{limits: &limits}
	err := w.root("r", Root{s, text})
	var denied []string
	for _, p := range w.denied {
		denied = append(denied, p.String())
	}
	for _, e := range w.errs {
		denied = append(denied, e.Path.String()+" "+codeOf(e))
	}
	return string(w.buf), denied, err
}

func TestWriteScalars(t *testing.T) {
	tests := []struct {
		kind       rules.Kind
		text, want string // "" for malformed
	}{
		{rules.String, `"plain é <b>&"`, `"plain é <b>&"`},
		{rules.String, `""`, `""`},
		{rules.String, `null`, `null`},
		{rules.String, `"a\u0041\/\u003c\u2028\ud83d\uDE00"`, "\"aA/<\u2028😀\""},
		{rules.String, `"\b\f\n\r\t\"\\\u0001\u001F\u007f"`, `"\b\f\n\r\t\"\\\u0001\u001f` + "\x7f\""},
		{rules.String, `"\u0008\u000c\u000A\u000d\u0009\u0022\u005c"`, `"\b\f\n\r\t\"\\"`},
		{rules.String, `"\ud83d"`, ``},
		{rules.String, `"\ud83d\u0041"`, ``},
		{rules.String, `"\ude00\ud83d"`, ``},
		{rules.String, `"\u00g0"`, ``},
		{rules.String, `"\x"`, ``},
		{rules.String, `"\`, ``},
		{rules.String, `"open`, ``},
		{rules.String, "\"\n\"", ``},
		{rules.String, "\"\\n\n\"", ``},
		{rules.String, `5`, ``},
		{rules.String, ``, ``},
		{rules.String, `"a" "b"`, ``},
		{rules.ID, `"x"`, `"x"`},
		{rules.Date, `"2024-02-29"`, `"2024-02-29"`},
		{rules.Enum, `"RED"`, `"RED"`},
		{rules.Int, `0`, `0`},
		{rules.Int, ` -12 `, `-12`},
		{rules.Int, `012`, ``},
		{rules.Int, `-`, ``},
		{rules.Int, `1.0`, ``},
		{rules.Int, `"1"`, ``},
		{rules.Int, `nul`, ``},
		{rules.Long, `9223372036854775807`, `9223372036854775807`},
		{rules.Long, `9007199254740993`, `9007199254740993`},
		{rules.Float, `1.0`, `1`},
		{rules.Float, `1`, `1`},
		{rules.Float, `0.1`, `0.1`},
		{rules.Float, `-0.0`, `0`},
		{rules.Float, `1.0e+21`, `1e+21`},
		{rules.Float, `1e21`, `1e+21`},
		{rules.Float, `123456789012345680000`, `123456789012345680000`},
		{rules.Float, `1e-7`, `1e-7`},
		{rules.Float, `0.000001`, `0.000001`},
		{rules.Float, `1.7976931348623157e308`, `1.7976931348623157e+308`},
		{rules.Float, `1e999`, ``},
		{rules.Float, `"NaN"`, ``},
		{rules.Float, `1.2.3`, ``},
		{rules.Float, ``, ``},
		{rules.Bool, `true`, `true`},
		{rules.Bool, `1`, `true`},
		{rules.Bool, `false`, `false`},
		{rules.Bool, `0`, `false`},
		{rules.Bool, `null`, `null`},
		{rules.Bool, `2`, ``},
		{rules.Bool, `10`, ``},
		{rules.Time, `0`, `"1970-01-01T00:00:00Z"`},
		{rules.Time, `1700000000123456`, `"2023-11-14T22:13:20.123456Z"`},
		{rules.Time, `1700000000100000`, `"2023-11-14T22:13:20.1Z"`},
		{rules.Time, `-1`, `"1969-12-31T23:59:59.999999Z"`},
		{rules.Time, `-62135596800000000`, `"0001-01-01T00:00:00Z"`},
		{rules.Time, `253402300799999999`, `"9999-12-31T23:59:59.999999Z"`},
		{rules.Time, `253402300800000000`, ``},
		{rules.Time, `"2023-11-14T22:13:20Z"`, ``},
		{rules.Time, `99999999999999999999`, ``},
	}
	for _, tt := range tests {
		got, _, err := write(scalarShape(tt.kind), tt.text)
		switch {
		case tt.want == "" && err == nil:
			t.Errorf("%v %s: got %s, want an error", tt.kind, tt.text, got)
		case tt.want != "" && (err != nil || got != tt.want):
			t.Errorf("%v %s: got %s, %v, want %s", tt.kind, tt.text, got, err, tt.want)
		}
		if err != nil && len(tt.text) > 3 && strings.Contains(err.Error(), tt.text) {
			t.Errorf("the error shows data: %v", err)
		}
	}
}

// Floats have the form of encoding/json, so that every JSON library agrees.
func TestWriteFloatsAsEncodingJSON(t *testing.T) {
	for _, f := range []float64{0.1 + 0.2, 1e20, 1e21, 1e-6, 9.999e-7, 5e-324, math.MaxFloat64, -1.5e-9, 1e-10, 3, 1e100} {
		want, _ := json.Marshal(f)
		if got, _, err := write(scalarShape(rules.Float), string(want)); got != string(want) {
			t.Errorf("got %s, %v, want %s", got, err, want)
		}
	}
}

func TestWrite(t *testing.T) {
	str, num := scalarShape(rules.String), scalarShape(rules.Int)
	name, id := member("name", 1, str), member("_id", 0, str)
	nodes := member("nodes", -1, part(schema.ShapeNodes, name))
	edges := member("edges", -1, part(schema.ShapeEdges,
		member("cursor", -1, part(schema.ShapeCursor)),
		member("node", -1, part(schema.ShapeNode, id, name)),
		member("__typename", -1, literal(`"E"`))))
	total := member("totalCount", -1, part(schema.ShapeTotal))
	info := member("pageInfo", -1, part(schema.ShapePageInfo,
		member("hasNextPage", -1, part(schema.ShapeHasNext)),
		member("hasPreviousPage", -1, part(schema.ShapeHasPrevious)),
		member("startCursor", -1, part(schema.ShapeStartCursor)),
		member("endCursor", -1, part(schema.ShapeEndCursor))))
	page := schema.Page{Total: true, Listed: true, Size: 2, HasPrev: true, Keys: []int{1, 0}}
	list := schema.Page{Listed: true, Size: 2, Keys: []int{0}}
	const three = `[7,[["a","A"],["b","B"],["c","C"]]]`

	tests := []struct {
		name   string
		shape  *schema.Shape
		text   string
		want   string
		denied []string
	}{
		{"null shape", &schema.Shape{}, `whatever`, `null`, nil},
		{"no shape", nil, ``, `null`, nil},
		{"literal", literal(`"x"`), ``, `"x"`, nil},
		{"denied", &schema.Shape{Kind: schema.ShapeScalar, Denied: true}, ``, `null`, []string{"r"}},
		{"denied with error", &schema.Shape{Kind: schema.ShapeScalar, Denied: true, DenyError: true}, ``, `null`, []string{"r FORBIDDEN"}},
		{"list", listShape(rules.Bool), `[1, 0,true]`, `[true,false,true]`, nil},
		{"empty list", listShape(rules.Time), `[]`, `[]`, nil},
		{"null list", listShape(rules.Time), `null`, `null`, nil},
		{"object", object(id, name), `["a","A"]`, `{"_id":"a","name":"A"}`, nil},
		{"no document", object(id, name), `null`, `null`, nil},
		{"out of order and twice", object(name, id, member("again", 1, str), member("__typename", -1, literal(`"T"`))), `["a","A"]`,
			`{"name":"A","_id":"a","again":"A","__typename":"T"}`, nil},
		{"values not selected", object(member("x", 1, num)), `["k",5,["deep",["]"]],"\"]"]`, `{"x":5}`, nil},
		{"fixed members", object(member("n", 0, &schema.Shape{}), member("l", -1, literal(`[]`)), name), `["a","A"]`, `{"n":null,"l":[],"name":"A"}`, nil},
		{"object without members", object(), `["a","A"]`, `{}`, nil},
		{"nested", object(member("o", 1, object(member("p", 0, object(id))))), `[1,[["x"]]]`, `{"o":{"p":{"_id":"x"}}}`, nil},
		{"guard open", object(member("x", 0, guarded(num)), member("y", 1, guarded(str))), `[[5],[null]]`, `{"x":5,"y":null}`, nil},
		{"guard shut", object(member("x", 0, guarded(num)), member("y", 1, guarded(str))), `[null,["v"]]`, `{"x":null,"y":"v"}`, []string{"r.x"}},
		{"guarded list", object(member("x", 0, guarded(listShape(rules.Int)))), `[[[1,2]]]`, `{"x":[1,2]}`, nil},
		{"guarded object", object(member("x", 0, guarded(object(id)))), `[[["a"]]]`, `{"x":{"_id":"a"}}`, nil},
		{"guarded object, absent", object(member("x", 0, guarded(object(id)))), `[[null]]`, `{"x":null}`, nil},
		{"guarded literal", object(member("x", 0, guarded(literal(`1`))), member("y", 1, guarded(literal(`1`)))), `[["z"],null]`, `{"x":1,"y":null}`, []string{"r.y"}},
		{"guarded page", object(member("x", 0, guarded(pageShape(list, nodes)))), `[[[[["a","A"]]]]]`, `{"x":{"nodes":[{"name":"A"}]}}`, nil},
		{"page", pageShape(page, nodes, total), three, `{"nodes":[{"name":"A"},{"name":"B"}],"totalCount":7}`, nil},
		{"page of few", pageShape(page, nodes, total, info), `[1,[["a","A"]]]`,
			`{"nodes":[{"name":"A"}],"totalCount":1,"pageInfo":{"hasNextPage":false,"hasPreviousPage":true,"startCursor":"<\"A\"|\"a\">","endCursor":"<\"A\"|\"a\">"}}`, nil},
		{"full page", pageShape(page, info, total), `[2,[["a","A"],["b","B"]]]`,
			`{"pageInfo":{"hasNextPage":false,"hasPreviousPage":true,"startCursor":"<\"A\"|\"a\">","endCursor":"<\"B\"|\"b\">"},"totalCount":2}`, nil},
		{"pageInfo first", pageShape(page, info, nodes), three,
			`{"pageInfo":{"hasNextPage":true,"hasPreviousPage":true,"startCursor":"<\"A\"|\"a\">","endCursor":"<\"B\"|\"b\">"},"nodes":[{"name":"A"},{"name":"B"}]}`, nil},
		{"pageInfo last", pageShape(page, nodes, info), three,
			`{"nodes":[{"name":"A"},{"name":"B"}],"pageInfo":{"hasNextPage":true,"hasPreviousPage":true,"startCursor":"<\"A\"|\"a\">","endCursor":"<\"B\"|\"b\">"}}`, nil},
		{"empty page", pageShape(list, edges, info, member("__typename", -1, literal(`"C"`))), `[[]]`,
			`{"edges":[],"pageInfo":{"hasNextPage":false,"hasPreviousPage":false,"startCursor":null,"endCursor":null},"__typename":"C"}`, nil},
		{"page of none", pageShape(schema.Page{Listed: true}, nodes, info), `[[["a","A"]]]`,
			`{"nodes":[],"pageInfo":{"hasNextPage":true,"hasPreviousPage":false,"startCursor":null,"endCursor":null}}`, nil},
		{"edges and nodes", pageShape(list, edges, nodes, member("more", -1, part(schema.ShapeNodes, id))), `[[["a","A"],["b","B"],["c","C"]]]`,
			`{"edges":[{"cursor":"<\"a\">","node":{"_id":"a","name":"A"},"__typename":"E"},{"cursor":"<\"b\">","node":{"_id":"b","name":"B"},"__typename":"E"}],` +
				`"nodes":[{"name":"A"},{"name":"B"}],"more":[{"_id":"a"},{"_id":"b"}]}`, nil},
		{"cursors only", pageShape(list, member("edges", -1, part(schema.ShapeEdges, member("cursor", -1, part(schema.ShapeCursor))))), `[[["a","A"]]]`,
			`{"edges":[{"cursor":"<\"a\">"}]}`, nil},
		{"count only", pageShape(schema.Page{Total: true}, total), `[3]`, `{"totalCount":3}`, nil},
		{"count of a list not selected", pageShape(page, total), three, `{"totalCount":7}`, nil},
		{"denied in lists", pageShape(list,
			member("edges", -1, part(schema.ShapeEdges, member("n", -1, part(schema.ShapeNode, member("cost", 0, guarded(num)))))),
			member("all", -1, part(schema.ShapeNodes, member("secret", -1, &schema.Shape{Denied: true})))), `[[[[1]],[null]]]`,
			`{"edges":[{"n":{"cost":1}},{"n":{"cost":null}}],"all":[{"secret":null},{"secret":null}]}`,
			[]string{"r.edges[1].n.cost", "r.all[0].secret", "r.all[1].secret"}},
		{"page in page", pageShape(list, member("nodes", -1, part(schema.ShapeNodes, id, member("kids", 1, pageShape(page, info, nodes))))),
			`[[["p",` + three + `],["q",[0,[]]],["r",null]]]`,
			`{"nodes":[{"_id":"p","kids":{"pageInfo":{"hasNextPage":true,"hasPreviousPage":true,"startCursor":"<\"A\"|\"a\">","endCursor":"<\"B\"|\"b\">"},"nodes":[{"name":"A"},{"name":"B"}]}},` +
				`{"_id":"q","kids":{"pageInfo":{"hasNextPage":false,"hasPreviousPage":true,"startCursor":null,"endCursor":null},"nodes":[]}}]}`, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, denied, err := write(tt.shape, tt.text)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Error(diff)
			}
			if diff := cmp.Diff(tt.denied, denied); diff != "" {
				t.Error(diff)
			}
			if !json.Valid([]byte(got)) {
				t.Error("not JSON")
			}
		})
	}
}

func TestWriteMalformed(t *testing.T) {
	str := scalarShape(rules.String)
	node := object(member("a", 0, str), member("b", 2, str))
	nodes := pageShape(schema.Page{Total: true, Listed: true, Size: 2}, member("nodes", -1, part(schema.ShapeNodes, member("a", 0, str))))
	tests := []struct {
		name  string
		shape *schema.Shape
		text  string
	}{
		{"too few values", node, `["x","y"]`},
		{"no values", node, `[]`},
		{"comma at the end", object(member("a", 0, str)), `["x",]`},
		{"no comma", object(member("a", 0, str)), `["x" "y"]`},
		{"open", node, `["x","y","z"`},
		{"open in the middle", node, `["x",[1,`},
		{"too many brackets", node, `["x","y","z"]]`},
		{"object", node, `{"a":"x"}`},
		{"guard of two", object(member("a", 0, guarded(str))), `[["x","y"]]`},
		{"guard of none", object(member("a", 0, guarded(str))), `[[]]`},
		{"guard without brackets", object(member("a", 0, guarded(str))), `["x"]`},
		{"no index", object(member("a", -1, str)), `["x"]`},
		{"list in no list", listShape(rules.Int), `5`},
		{"list of lists", listShape(rules.Int), `[[5]]`},
		{"page without a list", nodes, `[7]`},
		{"null page", nodes, `null`},
		{"null node", nodes, `[7,[null]]`},
		{"no page", &schema.Shape{Kind: schema.ShapePage}, `[]`},
		{"list that is not in the text", pageShape(schema.Page{Total: true}, member("nodes", -1, part(schema.ShapeNodes))), `[7]`},
		{"count that is not in the text", pageShape(schema.Page{Listed: true}, member("n", -1, part(schema.ShapeTotal))), `[[]]`},
		{"cursor outside", part(schema.ShapeCursor), `[]`},
		{"scalar in a page", pageShape(schema.Page{Listed: true}, member("n", 0, str)), `[[]]`},
		{"key that is not in the node", pageShape(schema.Page{Listed: true, Size: 1, Keys: []int{3}},
			member("edges", -1, part(schema.ShapeEdges, member("c", -1, part(schema.ShapeCursor))))), `[[["a"]]]`},
	}
	for _, tt := range tests {
		if got, _, err := write(tt.shape, tt.text); err == nil {
			t.Errorf("%s: got %s, want an error", tt.name, got)
		} else if code, ok := errors.AsType[*gqlerror.Error](err); ok {
			t.Errorf("%s: reaches the client: %v", tt.name, code)
		}
	}
}

func TestWriteCap(t *testing.T) {
	limits := DefaultLimits()
	limits.ResponseBytes = 100
	run := func(n int) (int, error) {
		w := &writer{limits: &limits}
		text := "[[" + strings.Repeat(`["0123456789"],`, n) + `["x"]]]`
		err := w.root("r", Root{pageShape(schema.Page{Listed: true, Size: 1 << 20},
			member("nodes", -1, part(schema.ShapeNodes, member("a", 0, scalarShape(rules.String))))), text})
		return len(w.buf), err
	}
	if n, err := run(3); err != nil {
		t.Errorf("%d bytes: %v", n, err)
	}
	n, err := run(100_000)
	if coded, ok := errors.AsType[*gqlerror.Error](err); !ok || codeOf(coded) != LimitExceeded || n > 200 {
		t.Errorf("%d bytes: %v", n, err)
	}
}

// fuzzShape has every kind of shape in it.
func fuzzShape() *schema.Shape {
	str := scalarShape(rules.String)
	leaf := []schema.Member{
		member("s", 0, str), member("i", 1, guarded(scalarShape(rules.Long))), member("f", 2, scalarShape(rules.Float)),
		member("b", 3, scalarShape(rules.Bool)), member("t", 4, guarded(scalarShape(rules.Time))), member("l", 5, listShape(rules.String)),
		member("x", -1, literal(`{"y":1}`)), member("z", 1, &schema.Shape{Denied: true}), member("again", 0, str),
	}
	page := schema.Page{Total: true, Listed: true, Size: 2, Keys: []int{4, 0}}
	members := []schema.Member{
		member("info", -1, part(schema.ShapePageInfo, member("n", -1, part(schema.ShapeHasNext)), member("e", -1, part(schema.ShapeEndCursor)))),
		member("edges", -1, part(schema.ShapeEdges, member("c", -1, part(schema.ShapeCursor)), member("n", -1, part(schema.ShapeNode, leaf...)))),
		member("total", -1, part(schema.ShapeTotal)),
	}
	return object(append(leaf, member("o", 6, object(leaf...)), member("p", 7, pageShape(page, members...)))...)
}

// FuzzWrite: whatever the text, no panic; what is written is JSON.
func FuzzWrite(f *testing.F) {
	const leaf = `"s\u00e9",[5],1.5,1,[1700000000123456],["a","b"]`
	f.Add(`[` + leaf + `,[` + leaf + `],[3,[[` + leaf + `],[` + leaf + `],[` + leaf + `]]]]`)
	f.Add(`["",null,0,true,null,null,null,[0,[]]]`)
	f.Add(`null`)
	shape := fuzzShape()
	if got, _, err := write(shape, `[`+leaf+`,[`+leaf+`],[3,[[`+leaf+`],[`+leaf+`],[`+leaf+`]]]]`); err != nil || !strings.Contains(got, `"n":true`) {
		f.Fatal(got, err)
	}
	f.Fuzz(func(t *testing.T, text string) {
		got, _, err := write(shape, text)
		if err == nil && !json.Valid([]byte(got)) {
			t.Errorf("%q became %s", text, got)
		}
	})
}

// FuzzWriteString: any string, escaped in any way, has one form.
func FuzzWriteString(f *testing.F) {
	f.Add("a<b>\u2028\"\\/\n\x00\x7f😀")
	f.Fuzz(func(t *testing.T, s string) {
		s = strings.ToValidUTF8(s, "")
		html, _ := json.Marshal(s)
		plain := marshal(s)
		var ascii strings.Builder
		ascii.WriteByte('"')
		for _, r := range s {
			for _, u := range utf16Units(r) {
				ascii.WriteString(`\u` + hexUnit(u))
			}
		}
		ascii.WriteByte('"')
		want := string(appendString(nil, s))
		for _, form := range []string{string(html), string(plain), ascii.String(), want} {
			if got, _, err := write(scalarShape(rules.String), form); err != nil || got != want {
				t.Errorf("%s became %s, %v, want %s", form, got, err, want)
			}
		}
		var back string
		if err := json.Unmarshal([]byte(want), &back); err != nil || back != s {
			t.Errorf("%s reads as %q, %v, want %q", want, back, err, s)
		}
	})
}

func BenchmarkWrite(b *testing.B) {
	str := scalarShape(rules.String)
	shape := pageShape(schema.Page{Listed: true, Size: 20}, member("nodes", -1, part(schema.ShapeNodes,
		member("_id", 0, str), member("name", 1, str), member("price", 2, scalarShape(rules.Float)), member("createdAt", 3, scalarShape(rules.Time)),
		member("reviews", 4, pageShape(schema.Page{Listed: true, Size: 3}, member("nodes", -1, part(schema.ShapeNodes,
			member("_id", 0, str), member("text", 1, str), member("rating", 2, scalarShape(rules.Int)))))))))
	const review = `["0b1f0e3c-7c1f-4a55-9b0a-2f1d6c7b8e9f","a review of some words that says how good it is",5]`
	const product = `["0b1f0e3c-7c1f-4a55-9b0a-2f1d6c7b8e9f","a product name",12.5,1700000000123456,[[` + review + `,` + review + `,` + review + `]]]`
	text := `[[` + strings.Repeat(product+`,`, 19) + product + `]]`
	limits := DefaultLimits()
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	for b.Loop() {
		w := &writer{limits: &limits, buf: make([]byte, 0, 2*len(text))}
		if err := w.root("products", Root{shape, text}); err != nil {
			b.Fatal(err)
		}
	}
}

func utf16Units(r rune) []uint16 { return utf16.AppendRune(nil, r) }

func hexUnit(u uint16) string { return fmt.Sprintf("%04X", u) }

func TestWriteCan(t *testing.T) {
	granted := func(places ...int) *schema.Shape {
		return &schema.Shape{Kind: schema.ShapeGranted, Places: places}
	}
	field := func(name string, read, update *schema.Shape) schema.Member {
		return schema.Member{Index: -1, Shape: part(schema.ShapeAspects, member("name", -1, literal(`"`+name+`"`)), member("r", -1, read), member("u", -1, update))}
	}
	can := part(schema.ShapeCan, member("update", -1, granted(1)), member("delete", -1, literal("false")),
		member("fields", -1, part(schema.ShapeEach, field("a", literal("true"), granted(1, 0)), field("b", granted(2), granted(0)))))
	can.Places = []int{3, 1, 2}
	node := object(member("x", 0, &schema.Shape{Kind: schema.ShapeScalar, Scalar: rules.Int}), member("_can", -1, can),
		member("y", 4, &schema.Shape{Kind: schema.ShapeScalar, Scalar: rules.Int}))
	tests := []struct{ text, want string }{
		{`[7, [1], null, [1], 8]`, `{"x":7,"_can":{"update":true,"delete":false,"fields":[{"name":"a","r":true,"u":true},{"name":"b","r":false,"u":true}]},"y":8}`},
		{`[7, null, [true], [true], 8]`, `{"x":7,"_can":{"update":false,"delete":false,"fields":[{"name":"a","r":true,"u":false},{"name":"b","r":true,"u":true}]},"y":8}`},
		{`[7, [1], null, null, 8]`, `{"x":7,"_can":{"update":true,"delete":false,"fields":[{"name":"a","r":true,"u":false},{"name":"b","r":false,"u":false}]},"y":8}`},
		{`null`, `null`},
		{`[7, [1], null]`, ``},
	}
	for _, tt := range tests {
		got, denied, err := write(node, tt.text)
		switch {
		case tt.want == "" && err == nil:
			t.Errorf("%s is written as %s", tt.text, got)
		case tt.want != "" && (got != tt.want || err != nil || denied != nil):
			t.Errorf("%s\ngot  %s %v %v\nwant %s", tt.text, got, denied, err, tt.want)
		}
	}
	if _, _, err := write(object(member("_can", -1, part(schema.ShapeCan, member("x", -1, &schema.Shape{Kind: schema.ShapeScalar})))), `[1]`); err == nil {
		t.Error("a scalar in a can is written")
	}
}
