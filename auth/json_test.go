package auth

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestDecodeObject(t *testing.T) {
	nested := func(n int) string { return strings.Repeat(`{"a":`, n-1) + `{}` + strings.Repeat(`}`, n-1) }
	members := func(n int) string {
		all := make([]string, n)
		for i := range all {
			all[i] = fmt.Sprintf(`"m%d":0`, i)
		}
		return "{" + strings.Join(all, ",") + "}"
	}
	tests := []struct {
		in   string
		want error
	}{
		{`{}`, nil},
		{" \t\r\n{ } \n", nil},
		{`{"a":[1,-0.5e+3,true,false,null,"x",{}]}`, nil},
		{`{"a":1,"A":2}`, nil}, // names are exact: two members
		{`{"a":{"x":1},"b":{"x":1}}`, nil},
		{`{"a":"\ud83d\ude00 \u00e9 \" \\ \/ \b\f\n\r\t"}`, nil},
		{nested(16), nil},
		{nested(17), errJSONDepth},
		{`{"a":` + strings.Repeat("[", 15) + strings.Repeat("]", 15) + `}`, nil},
		{`{"a":` + strings.Repeat("[", 16) + strings.Repeat("]", 16) + `}`, errJSONDepth},
		{`{"a":` + strings.Repeat("[", 100_000), errJSONDepth},
		{members(256), nil},
		{members(257), errJSONMembers},
		{`{"a":[` + strings.Repeat("1,", 5000) + `1]}`, nil},

		{`{"a":1,"a":1}`, errJSONDuplicate},
		{`{"a":1,"\u0061":1}`, errJSONDuplicate},
		{`{"x":[{"a":1,"a":2}]}`, errJSONDuplicate},
		{`{"":1,"":1}`, errJSONDuplicate},
		{"{\"a\":\"\xff\"}", errJSONText},
		{"{\"a\":\"\xed\xa0\x80\"}", errJSONText}, // a surrogate in UTF-8
		{"{\"a\":\"\xc0\x80\"}", errJSONText},     // overlong
		{`{"a":"\ud800"}`, errJSONText},
		{`{"a":"\ud800x"}`, errJSONText},
		{`{"a":"\ud800\u0041"}`, errJSONText},
		{`{"a":"\udc00\ud800"}`, errJSONText},
		{`{"\udc00":1}`, errJSONText},
		{`{}{}`, errJSONTrailing},
		{`{} x`, errJSONTrailing},
		{"{}\x00", errJSONTrailing},
		{``, errJSONSyntax},
		{`null`, errJSONSyntax},
		{`[]`, errJSONSyntax},
		{"\ufeff{}", errJSONSyntax},
		{`{"a"}`, errJSONSyntax},
		{`{"a":}`, errJSONSyntax},
		{`{"a":1,}`, errJSONSyntax},
		{`{,}`, errJSONSyntax},
		{`{a:1}`, errJSONSyntax},
		{`{'a':1}`, errJSONSyntax},
		{`{"a":[1,]}`, errJSONSyntax},
		{`{"a":01}`, errJSONSyntax},
		{`{"a":+1}`, errJSONSyntax},
		{`{"a":.5}`, errJSONSyntax},
		{`{"a":1.}`, errJSONSyntax},
		{`{"a":1e}`, errJSONSyntax},
		{`{"a":-}`, errJSONSyntax},
		{`{"a":0x1}`, errJSONSyntax},
		{`{"a":NaN}`, errJSONSyntax},
		{`{"a":True}`, errJSONSyntax},
		{`{"a":nul}`, errJSONSyntax},
		{`{"a":"`, errJSONSyntax},
		{`{"a":"\`, errJSONSyntax},
		{`{"a":"\x"}`, errJSONSyntax},
		{`{"a":"\u12g4"}`, errJSONSyntax},
		{`{"a":"\u12`, errJSONSyntax},
		{`{"a":"\ud800\u1`, errJSONSyntax},
		{"{\"a\":\"\n\"}", errJSONSyntax},
		{"{\"a\":\"\\\"\n\"}", errJSONSyntax},
		{`{"a":1 /* */}`, errJSONSyntax},
	}
	for _, test := range tests {
		name := test.in[:min(len(test.in), 40)]
		got, err := decodeObject([]byte(test.in))
		if !errors.Is(err, test.want) || (err == nil) != (test.want == nil) {
			t.Errorf("decodeObject(%q): error %v, want %v", name, err, test.want)
			continue
		}
		if err == nil {
			if diff := cmp.Diff(standardDecode(t, []byte(test.in)), got); diff != "" {
				t.Errorf("decodeObject(%q) (-standard +own):\n%s", name, diff)
			}
		}
	}
}

func standardDecode(t *testing.T, data []byte) map[string]any {
	t.Helper()
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	var want map[string]any
	if err := d.Decode(&want); err != nil {
		t.Fatalf("own decoder accepts %q, the standard one says %v", data, err)
	}
	return want
}

// FuzzDecodeObject: what is accepted means the same to encoding/json, and what
// is no JSON to it is no JSON here.
func FuzzDecodeObject(f *testing.F) {
	for _, seed := range []string{
		`{}`, `{"a":[1,-0.5e+3,true,false,null,"x",{}]}`, `{"a":1,"a":2}`, `{"a":"\ud83d\ude00\ud800"}`,
		`{"a":"\"\\\/\b\f\n\r\t"} x`, "{\"\xff\":0}", `{"a":[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		got, err := decodeObject(data)
		switch {
		case err == nil:
			if diff := cmp.Diff(standardDecode(t, data), got); diff != "" {
				t.Fatalf("%q (-standard +own):\n%s", data, diff)
			}
		case errors.Is(err, errJSONSyntax) || errors.Is(err, errJSONTrailing):
			if json.Valid(data) && bytes.HasPrefix(bytes.TrimLeft(data, " \t\r\n"), []byte("{")) {
				t.Fatalf("%q is valid JSON, refused: %v", data, err)
			}
		}
	})
}
