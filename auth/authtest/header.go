package authtest

// headers are signed properly and say something that must be refused.
func (b *builder) headers() {
	// RFC 7515 section 4.1.11, RFC 7797, RFC 7516 section 4.1.3, RFC 7519 section 5.2.
	const class = "extension"
	for name, values := range map[string][]string{
		"crit": {`["exp"]`, `["b64"]`, `["x"]`, `["alg"]`, `["crit"]`, `["http://openbanking.org.uk/iat"]`, `[]`, `null`, `"b64"`, `{}`, `true`, `0`, `""`, `[null]`, `[1]`, `["exp","exp"]`},
		"b64":  {`false`, `true`, `null`, `"false"`, `0`, `""`},
		"zip":  {`"DEF"`, `"GZ"`, `""`, `null`, `"none"`},
		"cty":  {`"JWT"`, `"jwt"`, `"json"`, `"application/json"`, `""`, `null`},
	} {
		for i, value := range values {
			b.header(class, name+" "+label(i, value), b.main, badHeader, also(name, value))
		}
	}
	b.header(class, "crit names what is there", b.main, badHeader, also("crit", `["x"]`), also("x", "1"))
	b.header(class, "crit by escape", b.main, badHeader, also(`cr\u0069t`, `["x"]`))
	b.header(class, "b64 and crit", b.main, badHeader, also("b64", "false"), also("crit", `["b64"]`))
	b.header(class, "crit first", b.main, badHeader, func(o object) object { return append(object{{"crit", `["x"]`}}, o...) })

	// RFC 8725 section 3.11, RFC 9068 section 4.
	for i, value := range []string{
		`"logout+jwt"`, `"dpop+jwt"`, `"secevent+jwt"`, `"token-introspection+jwt"`, `"oauth-authz-req+jwt"`, `"client-authentication+jwt"`, `"kb+jwt"`, `"dc+sd-jwt"`, `"vc+jwt"`, `"entity-statement+jwt"`, `"rt+jwt"`, `"id+jwt"`,
		`"JWS"`, `"JOSE"`, `"JOSE+JSON"`, `"JWE"`, `"JWT "`, `" JWT"`, `"JWT\u0000"`, `"JWT;x=1"`, `"application/jwt"`, `"application/at+jwt;v=1"`, `"at+jwt "`, `"at jwt"`, `"at%2Bjwt"`, `"application/application/at+jwt"`, `"text/at+jwt"`, `"applİcation/at+jwt"`,
		`"ID"`, `"Bearer"`, `"refresh"`, `"ＪＷＴ"`, `"J\u0174T"`, `"JWT,at+jwt"`, `""`, `null`, `true`, `1`, `[]`, `["JWT"]`, `{}`,
	} {
		b.header("typ", label(i, value), b.main, badType, set("typ", value))
	}
}
