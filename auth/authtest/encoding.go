package authtest

import (
	"encoding/base64"
	"strconv"
	"strings"
)

// encodings are right but for how they are written (RFC 7515 sections 2 and
// 5.2): one token has one spelling.
func (b *builder) encodings() {
	b.base64()
	b.serialisations()
	b.sizes()
}

const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"

// loosened sets the unused bits of the last character.
func loosened(part string) string {
	last := len(part) - 1
	return part[:last] + string(alphabet[strings.IndexByte(alphabet, part[last])|1])
}

// unused makes good tokens until part has unused bits and the characters in which the
// two alphabets of base64 differ.
func (b *builder) unused(part int) minter {
	for i := 0; ; i++ {
		m := b.main.withClaims(b, set("x", `"ÿþ~~~???`+strconv.Itoa(i)+`"`))
		m.header = m.header.edited([]edit{set("x", `"ÿþ~~~???`+strings.Repeat("x", i)+`"`)})
		m = m.withClaims(b)
		p := strings.Split(m.token(), ".")[part]
		if len(p)%4 != 0 && strings.Contains(p, "-") && strings.Contains(p, "_") {
			return m
		}
	}
}

func (b *builder) base64() {
	const class = "base64"
	for part, where := range []string{"header", "claims", "signature"} {
		m := b.unused(part)
		p := strings.Split(m.token(), ".")
		half := len(p[part]) / 2
		bytes, err := base64.RawURLEncoding.DecodeString(p[part])
		if err != nil {
			b.Fatal(err)
		}
		between := func(s string) string { return p[part][:half] + s + p[part][half:] }
		for _, bad := range []struct{ name, part string }{
			{"unused bits", loosened(p[part])},
			{"padding", base64.URLEncoding.EncodeToString(bytes)}, {"one =", p[part] + "="}, {"two =", p[part] + "=="}, {"three =", p[part] + "==="}, {"= within", between("=")}, {"= before", "=" + p[part]}, {"padding escaped", p[part] + "%3D"},
			{"+ and /", strings.NewReplacer("-", "+", "_", "/").Replace(p[part])}, {"+", strings.ReplaceAll(p[part], "-", "+")}, {"/", strings.ReplaceAll(p[part], "_", "/")}, {"standard, padded", base64.StdEncoding.EncodeToString(bytes)},
			{"line feed within", between("\n")}, {"CRLF within", between("\r\n")}, {"CR within", between("\r")}, {"line feed behind", p[part] + "\n"}, {"line feed before", "\n" + p[part]}, {"CRLF behind", p[part] + "\r\n"},
			{"blank within", between(" ")}, {"blank behind", p[part] + " "}, {"blank before", " " + p[part]}, {"tab within", between("\t")}, {"NUL within", between("\x00")}, {"NUL behind", p[part] + "\x00"},
			{"zero-width space", between("\u200b")}, {"no-break space", between("\u00a0")}, {"full-width letter", between("Ａ")}, {"byte 0xff", between("\xff")},
			{"percent", between("%")}, {"comma", between(",")}, {"tilde", p[part] + "~"}, {"one character more", p[part] + strings.Repeat("A", 5-len(p[part])%4)}, {"empty", ""},
		} {
			// Header and claims are signed as they are written: the signature holds.
			broken := [3]string{p[0], p[1], p[2]}
			broken[part] = bad.part
			token := strings.Join(broken[:], ".")
			if part < 2 {
				token = m.signText(b, broken[0]+"."+broken[1])
			}
			b.add(class, where+", "+bad.name, m.token(), token, malformed)
		}
	}
	good := b.main.token()
	p := strings.Split(good, ".")
	for name, attack := range map[string]struct{ token, code string }{
		"a dot before":        {"." + good, opaque},
		"a dot behind":        {good + ".", opaque},
		"dots doubled":        {strings.ReplaceAll(good, ".", ".."), encrypted},
		"a fourth part":       {good + ".AAAA", opaque},
		"a sixth part":        {good + ".A.A.A", opaque},
		"only dots":           {"..", malformed},
		"one part":            {p[0], opaque},
		"nothing":             {"", opaque},
		"twice":               {good + good, encrypted},
		"twice with a comma":  {good + "," + good, encrypted},
		"dots escaped":        {strings.ReplaceAll(good, ".", "%2E"), opaque},
		"ideographic dots":    {strings.ReplaceAll(good, ".", "。"), opaque},
		"colons":              {strings.ReplaceAll(good, ".", ":"), opaque},
		"in quotes":           {`"` + good + `"`, malformed},
		"in angle brackets":   {"<" + good + ">", malformed},
		"scheme twice":        {"Bearer " + good, malformed},
		"with a name":         {"access_token=" + good, malformed},
		"cases swapped":       {p[0] + "." + p[1] + "." + strings.ToLower(p[2][:300]) + p[2][300:], badSig},
		"header twice":        {p[0] + p[0] + "." + p[1] + "." + p[2], malformed},
		"header, claims swap": {p[1] + "." + p[0] + "." + p[2], badAlg},
		"signature first":     {p[2] + "." + p[0] + "." + p[1], malformed},
	} {
		b.add(class, name, good, attack.token, attack.code)
	}
}

// serialisations are other things than a JWS in compact form.
func (b *builder) serialisations() {
	const class = "serialisation"
	m := b.main
	good := m.token()
	p := strings.Split(good, ".")
	jwe := func(header string) string {
		return encode(header) + ".AAAA.AAAAAAAAAAAAAAAA." + p[1] + ".AAAAAAAAAAAAAAAAAAAAAA"
	}
	signature := `"protected":"` + p[0] + `","signature":"` + p[2] + `"`
	for name, attack := range map[string]struct{ token, code string }{
		"JWE direct":            {jwe(`{"alg":"dir","enc":"A256GCM","iss":"` + mainIssuer + `"}`), encrypted},
		"JWE to our key":        {jwe(`{"alg":"RSA-OAEP","enc":"A128CBC-HS256","kid":"k1"}`), encrypted},
		"JWE without key":       {encode(`{"alg":"dir","enc":"A256GCM"}`) + "..AAAA.AAAA.AAAA", encrypted},
		"five parts of a JWS":   {good + ".A.A", encrypted},
		"JSON, flattened":       {`{"payload":"` + p[1] + `",` + signature + `}`, opaque},
		"JSON, general":         {`{"payload":"` + p[1] + `","signatures":[{` + signature + `}]}`, opaque},
		"JSON in base64":        {encode(`{"payload":"` + p[1] + `",` + signature + `}`), opaque},
		"JSON text":             {`"` + p[0] + `"`, opaque},
		"detached":              {p[0] + ".." + p[2], malformed},
		"detached and signed":   {m.signText(b, p[0]+"."), malformed},
		"payload not encoded":   {m.signText(b, p[0]+"."+strings.ReplaceAll(m.claims.String(), ".", "")), malformed},
		"SD-JWT":                {good + "~WyJzYWx0IiwgInN1YiIsICJhZG1pbiJd~", malformed},
		"PASETO v2":             {"v2.local.QAxIpVe-ECVNI1z4xQbm_qQYomyT3h8FtV8bxkz8pBJWkT8f7HtlOpbroPDEZUKop_vaglyp76CzYy375cHmKCW8e1CCkV0Lflu4GTDyXMqQdpZMM1E6OaoQW27gaRSvWBrR3IgbFIa0AkuUFw", malformed},
		"PASETO v4":             {"v4.public." + p[1] + p[2], malformed},
		"macaroon":              {"MDAxY2xvY2F0aW9uIGh0dHA6Ly9leGFtcGxlLwo", opaque},
		"Auth0 opaque token":    {"3xJ9s0c2Zl1Vb8qP-opaque_token", opaque},
		"a UUID":                {"0b4f5c0e-2c93-4d0a-9f52-3d8f0a2d9b11", opaque},
		"undefined":             {"undefined", opaque},
		"null":                  {"null", opaque},
		"[object Object]":       {"[object Object]", opaque},
		"a number":              {"1800003600.5", opaque},
		"an address":            {"10.0.0.1", opaque},
		"a domain of 3 names":   {"api.example.com", malformed},
		"Basic credentials":     {base64.StdEncoding.EncodeToString([]byte("alice:secret")), opaque},
		"a session cookie":      {"s:abc." + p[2], opaque},
		"an X.509 certificate":  {"MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEA", opaque},
		"SAML":                  {"PHNhbWxwOlJlc3BvbnNlPg==", opaque},
		"empty claims, signed":  {m.signText(b, p[0]+"."+encode("")), malformed},
		"claims are a token":    {m.sign(b, m.header.String(), good), malformed},
		"claims quote a token":  {m.sign(b, m.header.String(), quote(good)), malformed},
		"claims quote claims":   {m.sign(b, m.header.String(), strconv.Quote(m.claims.String())), malformed},
		"claims encoded twice":  {m.signText(b, p[0]+"."+encode(p[1])), malformed},
		"header encoded twice":  {m.signText(b, encode(p[0])+"."+p[1]), malformed},
		"claims in a form":      {m.sign(b, m.header.String(), "sub=alice&aud="+audience), malformed},
		"claims in XML":         {m.sign(b, m.header.String(), "<sub>alice</sub>"), malformed},
		"claims in CBOR":        {m.sign(b, m.header.String(), "\xa1\x02ealice"), malformed},
		"claims in gzip":        {m.sign(b, m.header.String(), "\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff\xab\xae\x05\x00"), malformed},
		"claims in UTF-16":      {m.sign(b, m.header.String(), "\xff\xfe{\x00}\x00"), malformed},
		"claims in UTF-16 bare": {m.sign(b, m.header.String(), "{\x00}\x00"), malformed},
		"header in UTF-16":      {m.sign(b, "\xfe\xff\x00{\x00}", m.claims.String()), malformed},
	} {
		b.add(class, name, good, attack.token, attack.code)
	}
}

// sizes are beyond 16 KiB.
func (b *builder) sizes() {
	const class = "size"
	m := b.main
	padded := func(n int) string {
		return m.sign(b, m.header.String(), m.claims.edited([]edit{set("x", quote(strings.Repeat("x", n)))}).String())
	}
	n := (16<<10-len(m.token()))*3/4 - 20
	for len(padded(n)) <= 16<<10 {
		n++
	}
	good := padded(n - 1)
	b.add(class, "just over 16 KiB", good, padded(n), tooLarge)
	b.add(class, "100 KiB of claims", good, padded(75_000), tooLarge)
	b.add(class, "a header of 20 KiB", good, m.sign(b, m.header.edited([]edit{set("x", quote(strings.Repeat("x", 15_000)))}).String(), m.claims.String()), tooLarge)
	b.add(class, "a signature of 20 KiB", good, m.token()+strings.Repeat("A", 20_000), tooLarge)
	b.add(class, "1 MB of dots", good, strings.Repeat(".", 1_000_000), tooLarge)
	b.add(class, "16 KiB of dots", good, strings.Repeat(".", 16<<10), opaque)
	b.add(class, "the good token and 16 KiB of dots", good, m.token()+strings.Repeat(".", 15_000), opaque)
	b.add(class, "16 KiB of one letter", good, strings.Repeat("A", 16<<10), opaque)
}
