package graph

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/vektah/gqlparser/v2/ast"
)

// TestCoerceScalars gives each value both as a variable and as a literal.
func TestCoerceScalars(t *testing.T) {
	const micros = int64(1700000000123456)
	tests := []struct {
		arg, typ  string
		json      string // of the variable
		literal   string // "" like json, "-" not tried: validation refuses it
		want      any
		malformed string // what the message says was expected, for a refused value
	}{
		{arg: "b", typ: "Boolean", json: `true`, want: true},
		{arg: "b", typ: "Boolean", json: `false`, want: false},
		{arg: "b", typ: "Boolean", json: `null`, want: nil},
		{arg: "b", typ: "Boolean", json: `1`, literal: "-", malformed: "expected Boolean, found 1"},
		{arg: "b", typ: "Boolean", json: `"true"`, literal: "-", malformed: `found "true"`},

		{arg: "i", typ: "Int", json: `2147483647`, want: int64(2147483647)},
		{arg: "i", typ: "Int", json: `-2147483648`, want: int64(-2147483648)},
		{arg: "i", typ: "Int", json: `2147483648`, malformed: "expected Int"},
		{arg: "i", typ: "Int", json: `-2147483649`, malformed: "expected Int"},
		{arg: "i", typ: "Int", json: `99999999999999999999`, literal: "-", malformed: "expected Int"},
		{arg: "i", typ: "Int", json: `1.5`, literal: "-", malformed: "found 1.5"},
		{arg: "i", typ: "Int", json: `1e3`, literal: "-", want: int64(1000)},
		{arg: "i", typ: "Int", json: `1.0`, literal: "-", want: int64(1)},
		{arg: "i", typ: "Int", json: `"1"`, literal: "-", malformed: `found "1"`},
		{arg: "i", typ: "Int", json: `true`, literal: "-", malformed: "found true"},
		{arg: "i", typ: "Int", json: `[1]`, literal: "-", malformed: "found a list"},
		{arg: "i", typ: "Int", json: `{}`, literal: "-", malformed: "found an object"},

		{arg: "l", typ: "Long", json: `9223372036854775807`, want: int64(9223372036854775807)},
		{arg: "l", typ: "Long", json: `-9223372036854775808`, want: int64(-9223372036854775808)},
		{arg: "l", typ: "Long", json: `9007199254740993`, want: int64(9007199254740993)},
		{arg: "l", typ: "Long", json: `"9223372036854775807"`, want: int64(9223372036854775807)},
		{arg: "l", typ: "Long", json: `"-5"`, want: int64(-5)},
		{arg: "l", typ: "Long", json: `9223372036854775808`, malformed: "expected Long"},
		{arg: "l", typ: "Long", json: `"9223372036854775808"`, malformed: "expected Long"},
		{arg: "l", typ: "Long", json: `""`, malformed: "expected Long"},
		{arg: "l", typ: "Long", json: `"-"`, malformed: "expected Long"},
		{arg: "l", typ: "Long", json: `"+5"`, malformed: "expected Long"},
		{arg: "l", typ: "Long", json: `"1_0"`, malformed: "expected Long"},
		{arg: "l", typ: "Long", json: `" 5"`, malformed: "expected Long"},
		{arg: "l", typ: "Long", json: `1e19`, malformed: "expected Long"},
		{arg: "l", typ: "Long", json: `true`, malformed: "found true"},

		{arg: "f", typ: "Float", json: `1.5`, want: 1.5},
		{arg: "f", typ: "Float", json: `3`, want: 3.0},
		{arg: "f", typ: "Float", json: `-0.0`, want: 0.0},
		{arg: "f", typ: "Float", json: `1e308`, want: 1e308},
		{arg: "f", typ: "Float", json: `1e-400`, want: 0.0},
		{arg: "f", typ: "Float", json: `1e309`, literal: "-", malformed: "expected Float (a finite number)"},
		{arg: "f", typ: "Float", json: `"1"`, literal: "-", malformed: `found "1"`},

		{arg: "s", typ: "String", json: `"é😀"`, want: "é😀"},
		{arg: "s", typ: "String", json: `"\ud83d\ude00"`, want: "😀"},
		{arg: "s", typ: "String", json: `""`, want: ""},
		{arg: "s", typ: "String", json: `"a\u0000b"`, malformed: "expected String (without U+0000)"},
		{arg: "s", typ: "String", json: `5`, literal: "-", malformed: "found 5"},

		{arg: "id", typ: "ID", json: `"x"`, want: "x"},
		{arg: "id", typ: "ID", json: `18446744073709551616`, literal: "-", want: "18446744073709551616"},
		{arg: "id", typ: "ID", json: `5`, want: "5"},
		{arg: "id", typ: "ID", json: `1.5`, literal: "-", malformed: "found 1.5"},
		{arg: "id", typ: "ID", json: `1e3`, literal: "-", malformed: "found 1e3"},
		{arg: "id", typ: "ID", json: `"\u0000"`, malformed: "expected ID"},

		{arg: "d", typ: "Date", json: `"2024-02-29"`, want: "2024-02-29"},
		{arg: "d", typ: "Date", json: `"0001-01-01"`, want: "0001-01-01"},
		{arg: "d", typ: "Date", json: `"9999-12-31"`, want: "9999-12-31"},
		{arg: "d", typ: "Date", json: `"2023-02-29"`, malformed: "expected Date (YYYY-MM-DD)"},
		{arg: "d", typ: "Date", json: `"0000-01-01"`, malformed: "expected Date"},
		{arg: "d", typ: "Date", json: `"2024-2-29"`, malformed: "expected Date"},
		{arg: "d", typ: "Date", json: `"2024-02-29T00:00:00Z"`, malformed: "expected Date"},
		{arg: "d", typ: "Date", json: `20240229`, malformed: "found 20240229"},

		{arg: "t", typ: "Time", json: `"2023-11-14T22:13:20.123456Z"`, want: micros},
		{arg: "t", typ: "Time", json: `"2023-11-15T00:13:20.123456+02:00"`, want: micros},
		{arg: "t", typ: "Time", json: `"2023-11-14T22:13:20Z"`, want: micros - 123456},
		{arg: "t", typ: "Time", json: `"1969-12-31T23:59:59.999999Z"`, want: int64(-1)},
		{arg: "t", typ: "Time", json: `"0001-01-01T00:00:00Z"`, want: int64(-62135596800000000)},
		{arg: "t", typ: "Time", json: `"9999-12-31T23:59:59.999999Z"`, want: int64(253402300799999999)},
		{arg: "t", typ: "Time", json: `"9999-12-31T23:59:59-00:01"`, malformed: "expected Time"},
		{arg: "t", typ: "Time", json: `"0001-01-01T00:00:00+00:01"`, malformed: "expected Time"},
		{arg: "t", typ: "Time", json: `"2023-11-14T22:13:20.1234567Z"`, malformed: "expected Time (RFC 3339"},
		{arg: "t", typ: "Time", json: `"2023-11-14T22:13:20.Z"`, malformed: "expected Time"},
		{arg: "t", typ: "Time", json: `"2023-11-14T22:13:20,5Z"`, malformed: "expected Time"},
		{arg: "t", typ: "Time", json: `"2023-11-14T22:13:20"`, malformed: "expected Time"},
		{arg: "t", typ: "Time", json: `"2023-11-14T22:13:20.5"`, malformed: "expected Time"},
		{arg: "t", typ: "Time", json: `"2023-11-14 22:13:20Z"`, malformed: "expected Time"},
		{arg: "t", typ: "Time", json: `"2023-11-14T2:13:20.50Z"`, malformed: "expected Time"},
		{arg: "t", typ: "Time", json: `"2023-11-14T22:13:20+24:00"`, malformed: "expected Time"},
		{arg: "t", typ: "Time", json: `"2023-11-14T22:13:20+02:60"`, malformed: "expected Time"},
		{arg: "t", typ: "Time", json: `"2023-11-14T22:13:60Z"`, malformed: "expected Time"},
		{arg: "t", typ: "Time", json: `1700000000`, malformed: "found 1700000000"},

		{arg: "e", typ: "Color", json: `"RED"`, literal: `RED`, want: "RED"},
		{arg: "e", typ: "Color", json: `"red"`, literal: "-", malformed: `expected a value of Color (RED, GREEN), found "red"`},
		{arg: "e", typ: "Color", json: `"BLUE"`, literal: "-", malformed: `found "BLUE"`},
		{arg: "e", typ: "Color", json: `1`, literal: "-", malformed: "found 1"},

		{arg: "ints", typ: "[Int!]", json: `[1, 2]`, want: []any{int64(1), int64(2)}},
		{arg: "ints", typ: "[Int!]", json: `7`, want: []any{int64(7)}},
		{arg: "ints", typ: "[Int!]", json: `[]`, want: []any{}},
		{arg: "ints", typ: "[Int!]", json: `null`, want: nil},
		{arg: "ints", typ: "[Int!]", json: `[1, null]`, literal: "-", malformed: "[1]: expected Int!, found null"},
		{arg: "ints", typ: "[Int!]", json: `[1, 2147483648]`, malformed: "[1]"},
		{arg: "matrix", typ: "[[Int]]", json: `[[1], null, [null]]`, want: []any{[]any{int64(1)}, nil, []any{nil}}},
		{arg: "matrix", typ: "[[Int]]", json: `[1, 2]`, want: []any{[]any{int64(1)}, []any{int64(2)}}},
		{arg: "matrix", typ: "[[Int]]", json: `5`, want: []any{[]any{int64(5)}}},

		{arg: "required", typ: "Required", json: `{"a": 1}`, literal: `{a: 1}`, want: map[string]any{"a": int64(1), "b": int64(3)}},
		{arg: "required", typ: "Required", json: `{"a": 1, "b": 2, "c": null}`, literal: `{a: 1, b: 2, c: null}`,
			want: map[string]any{"a": int64(1), "b": int64(2), "c": nil}},
		{arg: "required", typ: "Required", json: `{}`, literal: "-", malformed: ".a: expected Int!, found nothing"},
		{arg: "required", typ: "Required", json: `{"a": 1, "b": null}`, literal: "-", malformed: "b: expected Int!, found null"},
		{arg: "required", typ: "Required", json: `{"a": 1, "z": 1}`, literal: "-", malformed: `expected a field of Required, found "z"`},
		{arg: "required", typ: "Required", json: `{"a": 1, "__typename": "Required"}`, literal: "-", malformed: `found "__typename"`},
		{arg: "required", typ: "Required", json: `[]`, literal: "-", malformed: "expected an object Required, found a list"},
		{arg: "required", typ: "Required", json: `"x"`, literal: "-", malformed: `found "x"`},
		{arg: "where", typ: "ProductWhere", json: `{"and": {"name": {"in": "x"}}}`, literal: `{and: {name: {in: "x"}}}`,
			want: map[string]any{"and": []any{map[string]any{"name": map[string]any{"in": []any{"x"}}}}}},
		{arg: "where", typ: "ProductWhere", json: `{"owner": {"and": [{}, {"price": {"gt": "x"}}]}}`, literal: "-",
			malformed: "owner.and[1].price.gt: expected Float"},
		{arg: "n", typ: "Int!", json: `null`, literal: "-", malformed: "expected Int!, found null"},
	}
	for _, tt := range tests {
		asVariable := fmt.Sprintf(`query($v: %s) { echo(%s: $v) }`, tt.typ, tt.arg)
		check := func(name, query, variables string) {
			t.Run(fmt.Sprintf("%s/%s/%s", tt.typ, tt.json, name), func(t *testing.T) {
				s := newServer(t, Options{})
				status, body := s.do(query, variables)
				if tt.malformed == "" {
					if status != 200 {
						t.Fatal(body)
					}
					got, ok := s.fake.op.Fields[0].Args[tt.arg]
					if diff := cmp.Diff(tt.want, got); diff != "" || !ok {
						t.Error(diff)
					}
					return
				}
				var resp struct {
					Errors []struct {
						Message    string
						Extensions map[string]any
					}
				}
				if err := json.Unmarshal([]byte(body), &resp); err != nil {
					t.Fatal(err)
				}
				if status != 400 || len(s.fake.calls) > 0 || len(resp.Errors) != 1 ||
					resp.Errors[0].Extensions["code"] != BadUserInput || !strings.Contains(resp.Errors[0].Message, tt.malformed) {
					t.Errorf("%d %s", status, body)
				}
			})
		}
		check("variable", asVariable, `{"v": `+tt.json+`}`)
		if tt.literal != "-" {
			literal := tt.literal
			if literal == "" {
				literal = tt.json
			}
			check("literal", fmt.Sprintf(`{ echo(%s: %s) }`, tt.arg, literal), "")
		}
	}
}

func TestVariables(t *testing.T) {
	const nullable = `query($v: Int! = 3) { echo(i: $v) }`
	deep := func(n int) string {
		return `{"v": ` + strings.Repeat("[", n-1) + strings.Repeat("]", n-1) + `}`
	}
	tests := []struct {
		name, query, variables string
		status                 int
		contains               string
	}{
		{"default", nullable, ``, 200, ""},
		{"null text", nullable, ` null `, 200, ""},
		{"null for a default", nullable, `{"v": null}`, 400, "expected Int!, found null"},
		{"absent", `query($v: Int!) { echo(i: $v) }`, `{}`, 400, "variable $v: expected Int!, found nothing"},
		{"null where the place needs a value", `query($v: Int = 1) { echo(n: $v) }`, `{"v": null}`, 400, "argument n of echo: expected Int!, found null"},
		{"absent where the place has a default", `query($v: Int) { echo(n: $v) }`, `{}`, 200, ""},
		{"default out of range", `query($v: Int = 2147483648) { echo(i: $v) }`, ``, 400, "variable $v: expected Int"},
		{"undeclared", nullable, `{"other": [{}]}`, 200, ""},
		{"no object", nullable, `[1]`, 400, "expected a JSON object, found a list"},
		{"malformed", nullable, `{"v": 1`, 400, "malformed JSON"},
		{"trailing", nullable, `{"v": 1} {}`, 400, "malformed JSON"},
		{"twice", nullable, `{"v": 1, "v": 2}`, 400, "malformed JSON"},
		{"lone surrogate", nullable, `{"v": "\ud800"}`, 400, "malformed JSON"},
		{"UTF-8", nullable, "{\"v\": \"\xff\"}", 400, "malformed JSON"},
		{"depth 32", `query($v: Int) { echo(i: $v) }`, deep(32), 400, "found a list"},
		{"depth 33", nullable, deep(33), 400, LimitExceeded},
		{"depth, malformed", nullable, strings.Repeat("[", 60000), 400, LimitExceeded},
		{"size", nullable, `{"w": "` + strings.Repeat("x", 64<<10-9) + `"}`, 200, ""},
		{"too large", nullable, `{"w": "` + strings.Repeat("x", 64<<10-8) + `"}`, 400, LimitExceeded},
		{"long value is clipped", nullable, `{"v": "` + strings.Repeat("é", 20000) + `"}`, 400, `é...`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := newServer(t, Options{})
			status, body := s.do(tt.query, tt.variables)
			if status != tt.status || !strings.Contains(body, tt.contains) || len(body) > 1000 {
				t.Errorf("%d %.2000s", status, body)
			}
			if (status == 200) != (len(s.fake.calls) == 1) {
				t.Errorf("calls %v", s.fake.calls)
			}
		})
	}
}

// FuzzVariables looks for a panic: any JSON may come in any place.
func FuzzVariables(f *testing.F) {
	for _, seed := range []string{`{}`, `{"w": {"and": [{"name": {"in": ["x"]}}]}, "r": {"a": 1}}`, `{"m": [[1], null]}`, `{"l": 1e400, "t": "2023-11-14T22:13:20Z"}`, `{"d":"2020-01-01","e":"RED","id":-0}`} {
		f.Add([]byte(seed))
	}
	const query = `query($b: Boolean, $i: Int, $l: Long, $f: Float, $s: String, $id: ID, $d: Date, $t: Time, $e: Color, $n: [Int!], $m: [[Int]], $w: ProductWhere, $r: Required) {
		echo(b: $b, i: $i, l: $l, f: $f, s: $s, id: $id, d: $d, t: $t, e: $e, ints: $n, matrix: $m, where: $w, required: $r) products(first: $i, where: {and: [$w]}) { totalCount } }`
	s := newServer(f, Options{})
	f.Fuzz(func(t *testing.T, variables []byte) {
		s.log.Reset()
		status, body := s.do(query, string(variables))
		if status != 200 && status != 400 || s.log.Len() > 0 || !json.Valid([]byte(body)) {
			t.Errorf("%d %s %s", status, body, s.log)
		}
	})
}

func TestLiteralKeepsDigits(t *testing.T) {
	c := coercer{}
	got, _ := c.literal(&ast.Value{Kind: ast.IntValue, Raw: "9223372036854775807"})
	if got != json.Number("9223372036854775807") {
		t.Errorf("%#v", got)
	}
}
