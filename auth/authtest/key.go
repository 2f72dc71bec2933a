package authtest

import (
	"crypto"
	"crypto/rand"
	"crypto/x509"
	"encoding/base64"
	"math/big"
	"strings"
	"time"
)

// keys are tokens signed with a key that is not the one to use.
func (b *builder) keys() {
	const class = "another key"
	k := b.private
	evil := b.main
	evil.key = k.evil
	b.add(class, "unpublished", b.main.token(), evil.sign(b, b.main.header.String(), b.main.claims.String()), badSig)
	for _, alg := range []string{"PS256", "ES256", "EdDSA"} {
		kid := map[string]string{"PS256": "rsa", "ES256": "ec", "EdDSA": "ed"}[alg]
		m := b.all.with(b, alg, kid, map[string]any{"PS256": k.rsa, "ES256": k.ec, "EdDSA": k.ed}[alg])
		forged := m
		forged.key = map[string]any{"PS256": k.evil, "ES256": k.otherEC, "EdDSA": k.otherEd}[alg]
		b.add(class, "unpublished, "+alg, m.token(), forged.sign(b, m.header.String(), m.claims.String()), badSig)
	}
	b.header(class, "k1 as k2", b.main, badSig, set("kid", `"k2"`))
	b.header(class, "k1 as shared", b.main, badSig, set("kid", `"shared"`))
	k2 := b.main.with(b, "RS256", "k2", k.other)
	b.header(class, "k2 as k1", k2, badSig, set("kid", `"k1"`))

	// Two issuers share a kid: the issuer decides which key it names.
	shared := b.main.with(b, "RS256", "shared", k.other)
	iss := func(issuer string) edit { return set("iss", quote(issuer)) }
	b.claim(class, "shared kid, key of main, issuer second", shared, badSig, iss(secondIssuer))
	b.claim(class, "shared kid, key of second, issuer main", b.second, badSig, iss(mainIssuer))
	b.claim(class, "key of main, issuer second", b.main, badKey, iss(secondIssuer))
	b.claim(class, "key of second, issuer main", b.second.with(b, "RS256", "s2", k.second), badKey, iss(mainIssuer))
	b.claim(class, "key of main, kid and issuer of single", b.main, badKey, iss("https://single.example.com/"))
	b.claim(class, "key of second, issuer single, no kid", b.second, badKey, iss("https://single.example.com/"))
	wrong := b.single
	wrong.key = k.second
	b.add(class, "no kid, one key published, signed with another", b.single.token(), wrong.sign(b, b.single.header.edited([]edit{drop("kid")}).String(), b.single.claims.String()), badSig)

	// RFC 7517 sections 4.2 and 4.3; RFC 8725 section 3.2.
	for _, kid := range []string{"enc", "SIG", "use null", "sign", "wrap", "no ops", "private", "oaep", "none", "hs256", "rs512", "ps256", "ec", "ed", "oct", "1"} {
		b.header("key not for this", kid, b.main, badKey, set("kid", quote(kid)))
	}
	short := b.main.with(b, "RS256", "short", k.short)
	b.add("key not for this", "1024 bits", b.main.token(), short.token(), badKey)
	oct := hmacToken(crypto.SHA256, b.main.header.edited([]edit{set("alg", `"HS256"`), set("kid", `"oct"`)}).String(), b.main.claims.String(), []byte("0123456789abcdef0123456789abcdef"))
	b.add("key not for this", "published secret", b.main.token(), oct, badAlg)
}

// keyIDs are signed with k1 or the only key, and name none or another
// (RFC 7515 section 4.1.4; RFC 8725 section 3.10).
func (b *builder) keyIDs() {
	const class = "kid"
	for i, value := range []string{
		`1`, `0`, `1.5`, `true`, `false`, `null`, `[]`, `["k1"]`, `{}`, `{"kid":"k1"}`, `""`,
		quote(strings.Repeat("k", 257)), quote(strings.Repeat("é", 129)), quote(strings.Repeat("k", 5000)), quote("k1" + strings.Repeat(" ", 255)),
	} {
		b.header(class, label(i, value), b.main, badHeader, set("kid", value))
		b.header(class, label(i, value)+" where one key is published", b.single, badHeader, set("kid", value))
	}
	for i, value := range []string{
		"k9", "K1", "k1 ", " k1", `k1\u0000`, `\u0000k1`, `k1\n`, `k1\r\nX: y`, `k1\t`, "k1/", "/k1", "k%31", "ｋ1", `k1\u200b`, `\u202ek1`, "k1,k2", "k1|k2", "*", "k?", "k.", ".*", "[k]1", "k1#",
		"../k1", "../../../../../dev/null", "..\\\\..\\\\k1", "/dev/null", "/proc/sys/kernel/randomize_va_space", "file:///dev/null", "https://evil.example/key", "http://169.254.169.254/latest/meta-data/",
		"k1' OR '1'='1", "x' UNION SELECT 'secret' --", "k1; DROP TABLE keys", `\"k1\"`, "$(id)", "`id`", "|id", "{{7*7}}", "${jndi:ldap://evil.example/a}", "%00", "undefined", "null", "0", "true", "__proto__", "constructor",
		strings.Repeat("k", 256), strings.Repeat("é", 128),
	} {
		b.header(class, label(i, value), b.main, badKey, set("kid", quote(value)))
		b.header(class, label(i, value)+" where one key is published", b.single, badKey, set("kid", quote(value)))
	}
	b.header(class, "absent, several published", b.main, badKey, drop("kid"))
	b.header(class, "absent, two published, one dropped", b.dropped, badKey, drop("kid"))
	b.header(class, "in capitals, several published", b.main, badKey, drop("kid"), also("KID", `"k1"`))
	b.header(class, "with a Kelvin sign", b.main, badKey, drop("kid"), also("\u212aid", `"k1"`))
	b.header(class, "in the claims", b.main, badKey, drop("kid"), also("x5t", `"k1"`))
	empty := hmacToken(crypto.SHA256, b.main.header.edited([]edit{set("alg", `"HS256"`), set("kid", `"/dev/null"`)}).String(), b.main.claims.String(), nil)
	b.add(class, "an empty file as the secret", b.main.token(), empty, badAlg)
}

// ownKeys bring the key that they are signed with (RFC 7515 sections 4.1.2 to
// 4.1.8; RFC 8725 section 3.10).
func (b *builder) ownKeys() {
	const class = "key in the header"
	evil := b.private.evil
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Unix(now+3600, 0)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, evil.Public(), evil)
	if err != nil {
		b.Fatal(err)
	}
	certificate := quote(base64.StdEncoding.EncodeToString(der))
	key := func(kid string) string { return b.json(b.jwk(kid, evil.Public())) }
	for _, brought := range []struct{ name, value string }{
		{"jwk", key("k1")}, {"jwk", key("evil")}, {"jwk", key("")}, {"jwk", `{"kty":"oct","k":""}`},
		{"jku", `"https://evil.example/jwks.json"`}, {"jku", `"https://tenant.example.com@evil.example/jwks.json"`}, {"jku", `"http://127.0.0.1:1/jwks.json"`},
		{"jku", `"file:///jwks.json"`}, {"jku", `"data:application/json,{}"`},
		{"x5u", `"https://evil.example/cert.pem"`}, {"x5c", "[" + certificate + "]"}, {"x5c", certificate}, {"x5t", `"AAAA"`}, {"x5t#S256", `"AAAA"`},
		{"jwks", `{"keys":[` + key("k1") + `]}`}, {"key", key("k1")}, {"iss", quote(secondIssuer)}, {"p2c", "2147483647"}, {"epk", key("k1")},
	} {
		for _, by := range []struct {
			name, code string
			m          minter
			edits      []edit
		}{
			{"with the kid of another", badSig, b.main, nil},
			{"with a kid of its own", badKey, b.main, []edit{set("kid", `"evil"`)}},
			{"without kid", badKey, b.main, []edit{drop("kid")}},
			{"for the only key", badSig, b.single, []edit{drop("kid")}},
		} {
			forged := by.m
			forged.key = evil
			header := by.m.header.edited(append(by.edits, also(brought.name, brought.value)))
			b.add(class, label(len(b.Attacks), brought.name)+" "+by.name, by.m.token(), forged.sign(b, header.String(), by.m.claims.String()), by.code)
		}
	}
}
