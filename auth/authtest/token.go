package authtest

import (
	"crypto"
	"crypto/hmac"
	"encoding/base64"
	"strings"
	"testing"

	"github.com/golang-jwt/jwt/v5"
)

// object is the text of a JSON object in the making: names and values are
// written out as they are, right or wrong.
type object []member

type member struct{ name, value string }

func (o object) String() string {
	var s strings.Builder
	for i, m := range o {
		if i > 0 {
			s.WriteByte(',')
		}
		s.WriteString(`"` + m.name + `":` + m.value)
	}
	return "{" + s.String() + "}"
}

// edit changes a copy of an object.
type edit func(object) object

func (o object) edited(edits []edit) object {
	o = append(object(nil), o...)
	for _, e := range edits {
		o = e(o)
	}
	return o
}

// set gives a member another value, or appends it.
func set(name, value string) edit {
	return func(o object) object {
		for i := range o {
			if o[i].name == name {
				o[i].value = value
				return o
			}
		}
		return append(o, member{name, value})
	}
}

// also appends a member whether or not there is one of that name.
func also(name, value string) edit {
	return func(o object) object { return append(o, member{name, value}) }
}

func drop(name string) edit {
	return func(o object) object {
		var rest object
		for _, m := range o {
			if m.name != name {
				rest = append(rest, m)
			}
		}
		return rest
	}
}

// minter makes tokens of one issuer with one of its keys.
type minter struct {
	header, claims object
	algorithm      string
	key            any
	good           *string // made once: each signing costs a millisecond
}

func (m minter) token() string { return *m.good }

// with returns a minter whose tokens are good as well.
func (m minter) with(t testing.TB, algorithm, kid string, key any, edits ...edit) minter {
	t.Helper()
	m.algorithm, m.key = algorithm, key
	m.header = m.header.edited([]edit{set("alg", quote(algorithm)), set("kid", quote(kid))})
	m.claims = m.claims.edited(edits)
	m.good = new(string)
	*m.good = m.sign(t, m.header.String(), m.claims.String())
	return m
}

// withClaims returns a minter of other claims that are good, too.
func (m minter) withClaims(t testing.TB, edits ...edit) minter {
	t.Helper()
	m.claims = m.claims.edited(edits)
	m.good = new(string)
	*m.good = m.sign(t, m.header.String(), m.claims.String())
	return m
}

// sign signs any two texts.
func (m minter) sign(t testing.TB, header, claims string) string {
	t.Helper()
	return m.signText(t, encode(header)+"."+encode(claims))
}

// signText signs what is to stand before the last dot.
func (m minter) signText(t testing.TB, signed string) string {
	t.Helper()
	signature, err := jwt.GetSigningMethod(m.algorithm).Sign(signed, m.key)
	if err != nil {
		t.Fatal(err)
	}
	return signed + "." + encode(string(signature))
}

// parts takes a good token apart, its signature decoded.
func (m minter) parts(t testing.TB) (header, claims string, signature []byte) {
	t.Helper()
	p := strings.Split(m.token(), ".")
	signature, err := base64.RawURLEncoding.DecodeString(p[2])
	if err != nil {
		t.Fatal(err)
	}
	return p[0], p[1], signature
}

func hmacToken(hash crypto.Hash, header, claims string, secret []byte) string {
	signed := encode(header) + "." + encode(claims)
	mac := hmac.New(hash.New, secret)
	mac.Write([]byte(signed))
	return signed + "." + encode(string(mac.Sum(nil)))
}

func encode(s string) string { return base64.RawURLEncoding.EncodeToString([]byte(s)) }

// quote writes a string that needs no escapes.
func quote(s string) string { return `"` + s + `"` }
