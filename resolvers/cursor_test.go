package resolvers

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"testing"

	"flora.dev/flora/auth"
	"flora.dev/flora/rules"
	"github.com/google/go-cmp/cmp"
)

func testCursors(t testing.TB) (*cursors, cursorList) {
	t.Helper()
	c, err := newCursors(bytes.Repeat([]byte{1}, 32))
	if err != nil {
		t.Fatal(err)
	}
	o := &rules.Object{Name: "Item"}
	field := func(name string, k rules.Kind) *rules.Field {
		return &rules.Field{Object: o, Name: name, Column: name, Kind: k, TypeName: k.String()}
	}
	l := cursorList{path: "items", key: field("_id", rules.ID)}
	for _, k := range []rules.Kind{rules.String, rules.Long, rules.Float, rules.Bool} {
		l.order = append(l.order, plainKey(field(k.String(), k), false))
	}
	return c, l
}

// FuzzCursor opens what anyone may send: nothing but what was sealed for the
// caller and the list opens.
func FuzzCursor(f *testing.F) {
	c, l := testCursors(f)
	alice := &auth.Identity{Issuer: "https://a/", Subject: "alice"}
	sealed := c.seal(alice, l, []string{`"a"`, "1", "1.5", "true", `"i1"`})
	f.Add(sealed)
	f.Add(sealed[:8] + "\r" + sealed[8:])
	f.Add(c.seal(nil, l, []string{"null", "null", "null", "null", `"i1"`}))
	f.Add("")
	f.Add("AAAAAAAAAAAAAAAAAAAAAAAAAAAA")
	f.Fuzz(func(t *testing.T, text string) {
		keys, ok := c.open(alice, l, text)
		if !ok {
			return
		}
		raw := make([]string, len(keys))
		for i, k := range keys {
			b, err := json.Marshal(k.V)
			if err != nil {
				t.Fatal(err)
			}
			raw[i] = string(b)
		}
		if again := c.seal(alice, l, raw); again != text {
			t.Fatalf("%q opens, yet the same place is %q", text, again)
		}
	})
}

// FuzzCursorRoundTrip seals any place: it opens to the same place, for nobody
// else, in no other list, and in no changed form.
func FuzzCursorRoundTrip(f *testing.F) {
	c, l := testCursors(f)
	f.Add("a", int64(1), 1.5, true, "i1", 0)
	f.Add("\"\\é€𝄞", int64(-1)<<63, -0.25, false, "x", 7)
	f.Fuzz(func(t *testing.T, s string, n int64, x float64, b bool, id string, at int) {
		var raw []string
		for _, v := range []any{s, n, x, b, id} {
			text, err := json.Marshal(v)
			if err != nil {
				return // no stored value: NaN, Inf
			}
			raw = append(raw, string(text))
		}
		if !rules.ValidText(s) || !rules.ValidText(id) {
			return
		}
		alice := &auth.Identity{Issuer: "https://a/", Subject: "alice"}
		sealed := c.seal(alice, l, raw)
		keys, ok := c.open(alice, l, sealed)
		if !ok {
			t.Fatal("does not open")
		}
		var got []any
		for _, k := range keys {
			got = append(got, k.V)
		}
		if diff := cmp.Diff([]any{s, n, x, b, id}, got); diff != "" {
			t.Error(diff)
		}
		other := l
		other.path = "Team.items"
		turned := l
		turned.order = append([]sortKey{plainKey(l.order[0].Field, true)}, l.order[1:]...)
		for name, open := range map[string]func() bool{
			"another subject": func() bool {
				_, ok := c.open(&auth.Identity{Issuer: "https://a/", Subject: "bob"}, l, sealed)
				return ok
			},
			"another issuer": func() bool {
				_, ok := c.open(&auth.Identity{Issuer: "https://b/", Subject: "alice"}, l, sealed)
				return ok
			},
			"the anonymous": func() bool { _, ok := c.open(nil, l, sealed); return ok },
			"another list":  func() bool { _, ok := c.open(alice, other, sealed); return ok },
			"another order": func() bool { _, ok := c.open(alice, turned, sealed); return ok },
			"a changed bit": func() bool {
				b, err := base64.RawURLEncoding.DecodeString(sealed)
				if err != nil {
					t.Fatal(err)
				}
				b[uint(at)%uint(len(b))] ^= 1
				_, ok := c.open(alice, l, base64.RawURLEncoding.EncodeToString(b))
				return ok
			},
		} {
			if open() {
				t.Errorf("opens for %s", name)
			}
		}
	})
}
