package authtest

import (
	"fmt"
	"strings"
)

// documents are headers and claims that two readers would read differently,
// or that cost too much to read (RFC 8725 section 2.4, RFC 7493, RFC 8259).
func (b *builder) documents() {
	b.texts("JSON of the header", b.main.header, func(text string) string { return b.main.sign(b, text, b.main.claims.String()) })
	b.texts("JSON of the claims", b.main.claims, func(text string) string { return b.main.sign(b, b.main.header.String(), text) })
	b.duplicates()
	b.foldedNames()
}

func (b *builder) texts(class string, o object, sign func(string) string) {
	good := o.String()
	plus := func(member string) string { return strings.TrimSuffix(good, "}") + "," + member + "}" }
	nested := func(open, closing string, n int) string {
		return plus(`"x":` + strings.Repeat(open, n) + strings.Repeat(closing, n))
	}
	wide := func(n int) string {
		var s strings.Builder
		for i := range n {
			fmt.Fprintf(&s, `,"m%d":0`, i)
		}
		return s.String()[1:]
	}
	for name, text := range map[string]string{
		"empty": "", "blank": " ", "null": "null", "true": "true", "number": "1", "string": `"x"`, "array": "[]", "in an array": "[" + good + "]",
		"byte order mark": "\ufeff" + good, "NUL before": "\x00" + good, "NUL behind": good + "\x00", "vertical tab before": "\v" + good, "form feed behind": good + "\f", "no-break space before": "\u00a0" + good,
		"object behind": good + "{}", "itself behind": good + good, "text behind": good + "x", "comma behind": good + ",", "line and object behind": good + "\n" + good, "separator before": "\x1e" + good,
		"cut off": good[:len(good)-1], "brace more": good + "}", "brace before": "{" + good,
		"comma before": "{," + good[1:], "comma at the end": strings.TrimSuffix(good, "}") + ",}", "comma twice": plus(`,"x":1`), "no comma": strings.Replace(good, ",", " ", 1), "semicolon": strings.Replace(good, ",", ";", 1),
		"no colon": plus(`"x" 1`), "equals": plus(`"x"=1`), "no value": plus(`"x":`), "no name": plus(`:1`), "name bare": plus(`x:1`), "name in single quotes": plus(`'x':1`), "name a number": plus(`1:1`), "name null": plus(`null:1`),
		"single quotes": strings.ReplaceAll(good, `"`, `'`), "comment": plus(`"x":1/**/`), "line comment": good + "//", "hash comment": good + "#",
		"NaN": plus(`"x":NaN`), "Infinity": plus(`"x":Infinity`), "-Infinity": plus(`"x":-Infinity`), "undefined": plus(`"x":undefined`), "True": plus(`"x":True`), "nul": plus(`"x":nul`), "nulll": plus(`"x":nulll`),
		"+1": plus(`"x":+1`), "01": plus(`"x":01`), "-01": plus(`"x":-01`), ".5": plus(`"x":.5`), "5.": plus(`"x":5.`), "1e": plus(`"x":1e`), "1e+": plus(`"x":1e+`), "-": plus(`"x":-`), "--1": plus(`"x":--1`), "0x1": plus(`"x":0x1`), "1_000": plus(`"x":1_000`), "1n": plus(`"x":1n`), "full-width digit": plus(`"x":１`),
		"array open": plus(`"x":[`), "array comma": plus(`"x":[1,]`), "array no comma": plus(`"x":[1 2]`), "brackets crossed": plus(`"x":[{]}`),
		"lone high surrogate": plus(`"x":"\ud800"`), "lone low surrogate": plus(`"x":"\udc00"`), "surrogates reversed": plus(`"x":"\udc00\ud800"`), "two high surrogates": plus(`"x":"\ud800\ud800"`), "surrogate and letter": plus(`"x":"\ud83dx"`), "surrogate in a name": plus(`"\ud800":1`), "surrogate in an array": plus(`"x":["\uDFFF"]`), "surrogate in capitals": plus(`"x":"\uD83D\u0041"`),
		"byte 0xff": plus("\"x\":\"\xff\""), "byte 0xff in a name": plus("\"\xff\":1"), "overlong slash": plus("\"x\":\"\xc0\xaf\""), "overlong NUL": plus("\"x\":\"\xc0\x80\""), "surrogate in UTF-8": plus("\"x\":\"\xed\xa0\x80\""), "beyond Unicode": plus("\"x\":\"\xf4\x90\x80\x80\""), "UTF-8 cut off": plus("\"x\":\"\xe2\x82\""), "Latin-1": plus("\"x\":\"\xe9\""),
		"raw line feed": plus("\"x\":\"\n\""), "raw tab": plus("\"x\":\"\t\""), "raw NUL": plus("\"x\":\"\x00\""), "raw 0x1f": plus("\"x\":\"\x1f\""),
		`\x41`: plus(`"x":"\x41"`), `\'`: plus(`"x":"\'"`), `\0`: plus(`"x":"\0"`), `\u12`: plus(`"x":"\u12"`), `\u{41}`: plus(`"x":"\u{41}"`), `\U0041`: plus(`"x":"\U0041"`), `\u+041`: plus(`"x":"\u+041"`), "escape at the end": plus(`"x":"\"`), "string open": plus(`"x":"`),
		"17 arrays deep": nested("[", "]", 16), "17 objects deep": plus(`"x":` + strings.Repeat(`{"x":`, 16) + "1" + strings.Repeat("}", 16)), "5,000 arrays deep": nested("[", "]", 5_000), "arrays that never close": plus(`"x":` + strings.Repeat("[", 9_000)),
		"257 members inside": plus(`"x":{` + wide(257) + `}`), "257 members": plus(wide(257)), "600 members in an array": plus(`"x":[{` + wide(600) + `}]`),
	} {
		b.add(class, name, b.main.token(), sign(text), malformed)
	}
}

// duplicates give a name twice, with the same value or another (RFC 7519
// section 4 leaves it to the reader which one counts).
func (b *builder) duplicates() {
	const class = "name twice"
	other := map[string]string{"alg": `"none"`, "kid": `"k2"`, "typ": `"at+jwt"`, "iss": quote(secondIssuer), "sub": `"admin"`, "aud": `"x"`, "iat": "1", "exp": "9999999999"}
	twice := func(o object, add func(string, ...edit)) {
		for _, m := range o {
			escaped := fmt.Sprintf(`\u%04x%s`, m.name[0], m.name[1:])
			add(m.name+" alike", also(m.name, m.value))
			add(m.name+" otherwise", also(m.name, other[m.name]))
			add(m.name+" null", also(m.name, "null"))
			add(m.name+" by escape", also(escaped, other[m.name]))
			add(m.name+" before", func(o object) object { return append(object{{m.name, other[m.name]}}, o...) })
			add(m.name+" only by escape, twice", drop(m.name), also(escaped, m.value), also(escaped, m.value))
		}
		for name, value := range map[string]string{
			"in an object": `{"y":1,"y":2}`, "in an array": `[{"y":1,"y":2}]`, "far inside": `{"a":[{"b":{"c":[{"y":1,"y":1}]}}]}`, "empty names": `{"":1,"":2}`,
			"by escape inside": `{"y":1,"\u0079":2}`, "by escaped slash": `{"/":1,"\/":2}`, "by capital digits": `{"\u00e9":1,"\u00E9":2}`, "by surrogates": `{"😀":1,"\ud83d\ude00":2}`,
		} {
			add(name, also("x", value))
		}
	}
	twice(b.main.header, func(name string, edits ...edit) { b.header(class, "header: "+name, b.main, malformed, edits...) })
	twice(b.main.claims, func(name string, edits ...edit) { b.claim(class, "claims: "+name, b.main, malformed, edits...) })
	full := b.main.withClaims(b, set("nbf", "1"), set("jti", `"j"`), set("https://example.com/roles", `["user"]`), set("scope", `"read"`))
	for name, value := range map[string]string{"nbf": "2", "jti": `"k"`, "https://example.com/roles": `["admin"]`, "scope": `"admin"`} {
		b.claim(class, "claims: "+name, full, malformed, also(name, value))
	}
}

// foldedNames have a name that equals the right one to a reader that folds
// case, as encoding/json does, and not the right one.
func (b *builder) foldedNames() {
	const class = "folded name"
	codes := map[string]string{"iss": badIssuer, "sub": badSubject, "aud": badAud, "exp": badClaim}
	for _, m := range b.main.claims {
		code, needed := codes[m.name]
		if !needed {
			continue
		}
		for _, name := range []string{strings.ToUpper(m.name), strings.ToUpper(m.name[:1]) + m.name[1:], m.name + " ", " " + m.name, m.name + `\u0000`, m.name + `\u200b`, m.name[:1] + `\u200d` + m.name[1:], m.name + "[]", "$" + m.name} {
			b.claim(class, m.name+" as "+name, b.main, code, drop(m.name), also(name, m.value))
		}
	}
	b.claim(class, "sub with a long s", b.main, badSubject, drop("sub"), also("ſub", `"alice"`))
	b.claim(class, "iss with long s", b.main, badIssuer, drop("iss"), also("iſſ", quote(mainIssuer)))
	b.claim(class, "sub inside", b.main, badSubject, drop("sub"), also("x", `{"sub":"alice"}`))
	b.claim(class, "exp inside", b.main, badClaim, drop("exp"), also("x", `{"exp":1800003600}`))
	past := b.main.withClaims(b, set("exp", "1800000001"))
	b.claim(class, "EXP later than exp", past, expired, set("exp", "1700000000"), also("EXP", "1900000000"))
	b.claim(class, "NBF earlier than nbf", past, notYet, also("nbf", "1800000100"), also("NBF", "1"))
	b.claim(class, "AUD beside another aud", past, badAud, set("aud", `"x"`), also("AUD", quote(audience)))
}
