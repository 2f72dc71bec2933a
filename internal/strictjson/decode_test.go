package strictjson

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
		{nested(17), ErrDepth},
		{`{"a":` + strings.Repeat("[", 15) + strings.Repeat("]", 15) + `}`, nil},
		{`{"a":` + strings.Repeat("[", 16) + strings.Repeat("]", 16) + `}`, ErrDepth},
		{`{"a":` + strings.Repeat("[", 100_000), ErrDepth},
		{members(256), nil},
		{members(257), ErrMembers},
		{`{"a":[` + strings.Repeat("1,", 5000) + `1]}`, nil},

		{`{"a":1,"a":1}`, ErrDuplicate},
		{`{"a":1,"\u0061":1}`, ErrDuplicate},
		{`{"x":[{"a":1,"a":2}]}`, ErrDuplicate},
		{`{"":1,"":1}`, ErrDuplicate},
		{"{\"a\":\"\xff\"}", ErrText},
		{"{\"a\":\"\xed\xa0\x80\"}", ErrText}, // a surrogate in UTF-8
		{"{\"a\":\"\xc0\x80\"}", ErrText},     // overlong
		{`{"a":"\ud800"}`, ErrText},
		{`{"a":"\ud800x"}`, ErrText},
		{`{"a":"\ud800\u0041"}`, ErrText},
		{`{"a":"\udc00\ud800"}`, ErrText},
		{`{"\udc00":1}`, ErrText},
		{`{}{}`, ErrTrailing},
		{`{} x`, ErrTrailing},
		{"{}\x00", ErrTrailing},
		{``, ErrSyntax},
		{`null`, ErrSyntax},
		{`[]`, ErrSyntax},
		{"\ufeff{}", ErrSyntax},
		{`{"a"}`, ErrSyntax},
		{`{"a":}`, ErrSyntax},
		{`{"a":1,}`, ErrSyntax},
		{`{,}`, ErrSyntax},
		{`{a:1}`, ErrSyntax},
		{`{'a':1}`, ErrSyntax},
		{`{"a":[1,]}`, ErrSyntax},
		{`{"a":01}`, ErrSyntax},
		{`{"a":+1}`, ErrSyntax},
		{`{"a":.5}`, ErrSyntax},
		{`{"a":1.}`, ErrSyntax},
		{`{"a":1e}`, ErrSyntax},
		{`{"a":-}`, ErrSyntax},
		{`{"a":0x1}`, ErrSyntax},
		{`{"a":NaN}`, ErrSyntax},
		{`{"a":True}`, ErrSyntax},
		{`{"a":nul}`, ErrSyntax},
		{`{"a":"`, ErrSyntax},
		{`{"a":"\`, ErrSyntax},
		{`{"a":"\x"}`, ErrSyntax},
		{`{"a":"\u12g4"}`, ErrSyntax},
		{`{"a":"\u12`, ErrSyntax},
		{`{"a":"\ud800\u1`, ErrSyntax},
		{"{\"a\":\"\n\"}", ErrSyntax},
		{"{\"a\":\"\\\"\n\"}", ErrSyntax},
		{`{"a":1 /* */}`, ErrSyntax},
	}
	for _, test := range tests {
		name := test.in[:min(len(test.in), 40)]
		got, err := Object([]byte(test.in))
		if !errors.Is(err, test.want) || (err == nil) != (test.want == nil) {
			t.Errorf("Object(%q): error %v, want %v", name, err, test.want)
			continue
		}
		if err == nil {
			if diff := cmp.Diff(standardDecode(t, []byte(test.in)), got); diff != "" {
				t.Errorf("Object(%q) (-standard +own):\n%s", name, diff)
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
		got, err := Object(data)
		switch {
		case err == nil:
			if diff := cmp.Diff(standardDecode(t, data), got); diff != "" {
				t.Fatalf("%q (-standard +own):\n%s", data, diff)
			}
		case errors.Is(err, ErrSyntax) || errors.Is(err, ErrTrailing):
			if json.Valid(data) && bytes.HasPrefix(bytes.TrimLeft(data, " \t\r\n"), []byte("{")) {
				t.Fatalf("%q is valid JSON, refused: %v", data, err)
			}
		}
	})
}
