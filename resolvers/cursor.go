package resolvers

import (
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"flora.dev/flora/auth"
	"flora.dev/flora/internal/leak"
	"flora.dev/flora/rules"
	"github.com/tink-crypto/tink-go/v2/daead/subtle"
)

// cursors seals the sort keys of a document with AES-SIV (RFC 5297): the same
// place gives the same cursor, and nobody can make or read one. A cursor is
// bound to who asked (issuer and subject), to the list and to the definition
// of its sort keys.
type cursors struct{ siv *subtle.AESSIV }

func newCursors(secret []byte) (*cursors, error) {
	key, err := hkdf.Key(sha256.New, secret, nil, "flora cursor 1", subtle.AESSIVKeySize)
	if err != nil {
		return nil, fmt.Errorf("derive key: %w", err)
	}
	siv, err := subtle.NewAESSIV(key)
	return &cursors{siv}, err
}

// cursorList is what a cursor belongs to.
type cursorList struct {
	path  string
	order []sortKey
	key   *rules.Field // the collection's _id, last in every order
}

func (l cursorList) keys() []sortKey {
	return append(l.order[:len(l.order):len(l.order)], plainKey(l.key, false))
}

// backward is what the cursors of pages before belong to, which Fauna's clients
// give under the same name as those of pages after.
func (l cursorList) backward() cursorList {
	l.path += " before"
	return l
}

// binding is the associated data: unambiguous, as each part is quoted.
func (l cursorList) binding(id *auth.Identity) []byte {
	var b strings.Builder
	if id != nil {
		fmt.Fprintf(&b, "%q %q ", id.Issuer, id.Subject)
	}
	fmt.Fprintf(&b, "| %q", l.path)
	for _, o := range l.order {
		fmt.Fprintf(&b, " %q %s %q %t", o.name, o.kind, o.typeName, o.Desc)
	}
	return []byte(b.String())
}

// seal makes the cursor of the raw JSON texts of a document's sort keys.
func (c *cursors) seal(id *auth.Identity, l cursorList, values []string) string {
	texts := append([]string(nil), values...)
	for i, k := range l.keys() {
		texts[i] = canonical(k.kind, values[i])
	}
	sealed, err := c.siv.EncryptDeterministically([]byte("["+strings.Join(texts, ",")+"]"), l.binding(id))
	if err != nil {
		panic(fmt.Sprintf("resolvers: seal cursor: %v", err)) // only texts of 2^31 bytes fail
	}
	return base64.RawURLEncoding.EncodeToString(sealed)
}

// canonical is the text of a sort key that does not depend on the engine:
// SQLite writes Booleans as 0 and 1, and each engine has its own text of a
// Float. So a cursor outlives a move of the data from one to the other.
func canonical(k rules.Kind, raw string) string {
	switch k {
	case rules.Bool:
		switch raw {
		case "true":
			return "1"
		case "false":
			return "0"
		}
	case rules.Float:
		if x, err := strconv.ParseFloat(raw, 64); err == nil {
			return strconv.FormatFloat(x, 'g', -1, 64)
		}
	}
	return raw
}

// open returns the sort keys in a cursor; ok is false for one that was not
// made for this caller and list.
func (c *cursors) open(id *auth.Identity, l cursorList, cursor string) ([]rules.Value, bool) {
	// The decoder skips line ends, and a place has one cursor only.
	sealed, err := base64.RawURLEncoding.Strict().DecodeString(cursor)
	if err != nil || strings.ContainsAny(cursor, "\r\n") {
		return nil, false
	}
	text, err := c.siv.DecryptDeterministically(sealed, l.binding(id))
	if err != nil {
		return nil, false
	}
	var raw []json.RawMessage
	keys := l.keys()
	if json.Unmarshal(text, &raw) != nil || len(raw) != len(keys) && !leak.On(leak.HiddenInCursor) {
		return nil, false
	}
	out := make([]rules.Value, len(keys))
	for i, k := range keys {
		v, ok := cursorValue(k.kind, raw[i])
		if !ok {
			return nil, false
		}
		out[i] = rules.Value{Kind: k.kind, V: v}
	}
	return out, true
}

// cursorValue reads a value as the stores write it.
func cursorValue(k rules.Kind, raw json.RawMessage) (any, bool) {
	text := string(raw)
	if text == "null" {
		return nil, true
	}
	switch k {
	case rules.Bool:
		return text == "1" || text == "true", true
	case rules.Int, rules.Long, rules.Time:
		var n int64
		err := json.Unmarshal(raw, &n)
		return n, err == nil
	case rules.Float:
		var x float64
		err := json.Unmarshal(raw, &x)
		return x, err == nil
	}
	var s string
	err := json.Unmarshal(raw, &s)
	return s, err == nil
}

// following is the condition that document v comes after the place with these
// sort keys, or, backward, before it. Nulls are first in ascending order.
func following(l cursorList, v rules.Var, places []rules.Value, backward bool) rules.Pred {
	var any []rules.Pred
	var equal []rules.Pred
	for i, k := range l.keys() {
		x, place := k.value(v), places[i]
		any = append(any, rules.AllOf(append(equal[:len(equal):len(equal)], beyond(x, k.nullable(), k.Desc != backward, place))...))
		if place.Null() {
			equal = append(equal, rules.IsNull{X: x})
		} else {
			equal = append(equal, rules.Cmp{Op: rules.Eq, L: x, R: rules.Val{Value: place}})
		}
	}
	return rules.AnyOf(any...)
}

func beyond(col rules.Operand, nullable, desc bool, val rules.Value) rules.Pred {
	switch {
	case val.Null() && desc:
		return rules.False
	case val.Null():
		return rules.NotNull{X: col}
	case !desc:
		return rules.Cmp{Op: rules.Gt, L: col, R: rules.Val{Value: val}}
	}
	less := rules.Cmp{Op: rules.Lt, L: col, R: rules.Val{Value: val}}
	if nullable {
		return rules.AnyOf(less, rules.IsNull{X: col})
	}
	return less
}
