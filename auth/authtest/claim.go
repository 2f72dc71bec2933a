package authtest

import (
	"fmt"
	"strings"
)

// claims are signed properly and of wrong types (RFC 7519 section 4.1).
func (b *builder) claims() {
	const class = "claim of a wrong type"
	m := b.main.withClaims(b, set("nbf", "1"))
	for _, c := range []struct {
		name, code string
		absent     bool // refused
		values     []string
	}{
		{"iss", badIssuer, true, []string{`null`, `true`, `1`, `""`, `[]`, `["` + mainIssuer + `"]`, `{}`, `{"0":"` + mainIssuer + `"}`}},
		{"sub", badSubject, true, []string{`null`, `true`, `false`, `0`, `7`, `1e3`, `""`, `[]`, `["alice"]`, `{}`, `{"id":"alice"}`}},
		{"aud", badAud, true, []string{
			`null`, `true`, `1`, `""`, `[]`, `[""]`, `{}`, `{"0":"` + audience + `"}`, `{"` + audience + `":true}`, `[1]`, `[null]`, `[true]`, `[{}]`,
			`["` + audience + `",1]`, `[null,"` + audience + `"]`, `["` + audience + `",{}]`, `["` + audience + `",[]]`, `[["` + audience + `"]]`, `[[],"` + audience + `"]`,
			`"` + audience + ` x"`, `"x,` + audience + `"`, `["x ` + audience + `"]`, `"[\"` + audience + `\"]"`,
		}},
		{"exp", badClaim, true, []string{`null`, `true`, `""`, `"1800003600"`, `"never"`, `"inf"`, `"2027-01-15T09:00:00Z"`, `[]`, `[1800003600]`, `{}`, `{"$date":1800003600}`}},
		{"nbf", badClaim, false, []string{`null`, `true`, `""`, `"1"`, `"2020-01-01T00:00:00Z"`, `[]`, `[1]`, `{}`}},
		{"iat", badClaim, false, []string{`null`, `false`, `""`, `"1800000000"`, `"2020-01-01T00:00:00Z"`, `[]`, `[1800000000]`, `{}`}},
	} {
		for i, value := range c.values {
			b.claim(class, c.name+" "+label(i, value), m, c.code, set(c.name, value))
		}
		if c.absent {
			b.claim(class, c.name+" absent", m, c.code, drop(c.name))
		}
	}
}

// times are at the edges of the skew of 30 s, or no times at all.
func (b *builder) times() {
	const class = "time"
	good := map[string]minter{
		"exp": b.main.withClaims(b, set("exp", "1799999970.5")),
		"nbf": b.main.withClaims(b, set("nbf", "1800000030")),
		"iat": b.main.withClaims(b, set("iat", "1800000030")),
	}
	for _, c := range []struct {
		name, code string
		values     []string
	}{
		{"exp", expired, []string{"1799999970", "1799999969", "1799999969.999", "1799999970.0", "17999999.70e2", "1.79999997e9", "1799999940", "1", "1.5", "1e9", "1516239022", "1799999970e0"}},
		{"exp", badClaim, []string{
			"0", "-0", "0.0", "0.5", "0.999999", "-1", "-1800003600", "-1e9", "1e-400", "0e999", "253402300800", "253402300799.5", "1800003600000", "1e12", "1e308", "1.7976931348623159e308", "1e309", "1e400", "-1e400", "1e999999999", "1e-999999999",
			"9223372036854775807", "9223372036854775808", "18446744073709551616", "99999999999999999999999999", "1" + strings.Repeat("0", 400),
		}},
		{"nbf", notYet, []string{"1800000031", "1800000030.001", "1800000030.5", "1.800000031e9", "1800000060", "1800003600", "253402300799", "1800003601"}},
		{"nbf", badClaim, []string{"1800000000000", "1e300", "-1e300", "1e400", "-1e400", "253402300800", "-253402300800"}},
		{"iat", notYet, []string{"1800000031", "1800000030.001", "1800000030.5", "1800003600", "253402300799", "18000000.31e2"}},
		{"iat", badClaim, []string{"1800000000000", "1e300", "-1e300", "1e400", "-1e400", "253402300800"}},
	} {
		for _, value := range c.values {
			b.claim(class, fmt.Sprintf("%s %.60s", c.name, value), good[c.name], c.code, set(c.name, value))
		}
	}
	b.claim(class, "expired and not yet valid", b.main, expired, set("exp", "1700000000"), set("nbf", "1900000000"))
	b.claim(class, "lives after it dies", b.main, notYet, set("exp", "1800000040"), set("nbf", "1800000050"))
}

// parties are issuers and audiences that nearly match (RFC 7519 sections
// 4.1.1 and 4.1.3: compared as they are; RFC 8725 sections 3.8 and 3.9).
func (b *builder) parties() {
	near := func(url, host string) []string {
		bare := strings.TrimSuffix(url, "/")
		return []string{
			url + "/", url + "x", url + "#", url + "?", url + " ", " " + url, url + `\t`, url + `\n`, url + `\u0000`, `\u0000` + url, url + "%20", url + "%2F", url + ".", url + `\\`, url + `\u200b`, `\ufeff` + url, url + `\u00a0`,
			bare + "//", bare + "/.", bare + "/..", bare + "/x", bare + "/?a=b", bare + "/#a", bare + ":443", bare + ":443/", bare + ":80", bare + ".", bare + "./",
			strings.ToUpper(url), strings.Replace(url, "https", "HTTPS", 1), strings.Replace(url, "https", "http", 1), strings.Replace(url, "https://", "", 1), strings.Replace(url, "https:", "", 1), strings.Replace(url, "//", "/", 1), strings.Replace(url, "//", "///", 1), strings.Replace(url, "//", `\\\\`, 1), strings.Replace(url, "https", "wss", 1),
			strings.Replace(url, host, strings.ToUpper(host), 1), strings.Replace(url, host, host+".evil.example", 1), strings.Replace(url, host, "evil-"+host, 1), strings.Replace(url, host, "evil."+host, 1), strings.Replace(url, host, "user@"+host, 1), strings.Replace(url, host, ":@"+host, 1), strings.Replace(url, host, host+"@evil.example", 1), strings.Replace(url, host, host+"%00.evil.example", 1), strings.Replace(url, host, host+`\\@evil.example`, 1), strings.Replace(url, host, host[1:], 1), strings.Replace(url, host, "*", 1),
			strings.Replace(url, "e", "е", 1), strings.Replace(url, "a", "а", 1), strings.Replace(url, "e", "%65", 1), strings.Replace(url, "e", "ｅ", 1), strings.Replace(url, ".", "。", 1), strings.Replace(url, ".", "-", 1), strings.Replace(url, "m", "rn", 1), strings.Replace(url, "https", `http\u017f`, 1),
			url[:len(url)-2], url[1:], url + "," + url, url + " " + url, "https://evil.example/", "https://evil.example/" + host, "https://evil.example/?" + url, "*", "https://*", ".", "null", "undefined", host,
		}
	}
	for i, issuer := range append(near(mainIssuer, "tenant.example.com"), strings.TrimSuffix(mainIssuer, "/"), "https://unknown.example.com/", "https://second.example.com", "main") {
		b.claim("issuer nearly right", label(i, issuer), b.main, badIssuer, set("iss", quote(issuer)))
	}
	for i, aud := range append(near(audience, "api.example.com"), audience+"/", mainIssuer, "main", "alice") {
		b.claim("audience nearly right", label(i, aud), b.main, badAud, set("aud", quote(aud)))
		b.claim("audience nearly right", label(i, aud)+" in a list", b.main, badAud, set("aud", `["x",`+quote(aud)+`]`))
	}
	for _, elsewhere := range []string{"azp", "client_id", "resource", "scope", "appid", "Aud", "https://example.com/aud"} {
		b.claim("audience nearly right", "as "+elsewhere, b.main, badAud, drop("aud"), also(elsewhere, quote(audience)))
		b.claim("audience nearly right", "as "+elsewhere+" beside another", b.main, badAud, set("aud", `"x"`), also(elsewhere, quote(audience)))
	}
}

// subjects have control characters, or belong to another provider's people.
func (b *builder) subjects() {
	for c := range rune(0xa0) {
		if c < 0x20 || c >= 0x7f {
			b.claim("subject", fmt.Sprintf("with U+%04X", c), b.main, badSubject, set("sub", fmt.Sprintf(`"alice\u%04x"`, c)))
			b.claim("subject", fmt.Sprintf("of U+%04X", c), b.second, badSubject, set("sub", fmt.Sprintf(`"\u%04x"`, c)))
		}
	}
	b.claim("subject", "with a raw DEL", b.main, badSubject, set("sub", "\"alice\x7f\""))
	b.claim("subject", "with a raw C1 control", b.main, badSubject, set("sub", "\"al\u0085ice\""))
	for i, sub := range []string{
		"second|alice", "second|", "second|second|alice", "second||alice", "all|alice", "single|", "single|x", "dropped|alice", `\u0073econd|alice`, `second\u007calice`, "second|abc@clients", "second|alice|main", `second|\u200b`, "second| ",
	} {
		b.claim("subject", "of another provider: "+label(i, sub), b.main, badSubject, set("sub", quote(sub)))
	}
}

// kinds are tokens of the right issuer that are no access tokens, or not for
// whoever holds them.
func (b *builder) kinds() {
	values := []string{`"n"`, `""`, `null`, `1`, `[]`, `{}`, `false`}
	for _, name := range []string{"nonce", "at_hash", "c_hash"} { // OpenID Connect Core 1.0 sections 2 and 3.3.2.11
		for i, value := range values {
			b.claim("ID token", name+" "+label(i, value), b.main, idToken, also(name, value))
		}
	}
	b.claim("ID token", "nonce by escape", b.main, idToken, also(`n\u006fnce`, `"n"`))
	b.claim("ID token", "whole", b.main, idToken, also("nonce", `"n"`), also("at_hash", `"h"`), also("c_hash", `"h"`), also("azp", `"spa"`), also("auth_time", "1800000000"))
	b.claim("ID token", "for the client", b.main, badAud, set("aud", `"spa"`), also("azp", `"spa"`))
	for i, value := range append(values, `{"jkt":"0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I"}`, `{"x5t#S256":"bwcK0esc3ACC3DB2Y5_lESsXE8o9ltc05O89jdN-dg2"}`, `{"jwk":{"kty":"EC"}}`, `{"kid":"k1"}`, `{"jku":"https://evil.example/"}`) {
		b.claim("bound token", label(i, value), b.main, bound, also("cnf", value)) // RFC 7800, RFC 8705, RFC 9449 section 7.1
	}
	b.claim("bound token", "by escape", b.main, bound, also(`\u0063nf`, `{"jkt":"x"}`))
}
