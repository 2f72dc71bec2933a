package auth

import (
	"encoding/base64"
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"flora.dev/flora/internal/strictjson"
)

const (
	maxToken = 16 << 10
	maxKeyID = 256
	maxTime  = 253402300799 // 9999-12-31T23:59:59Z
	skew     = 30 * time.Second
)

// token is a JWS in compact form, taken apart; nothing in it is verified.
type token struct {
	header, claims map[string]any
	algorithm      string
	keyID          string
	hasKeyID       bool
	issuer         string // "" unless iss is a string
	subject        string // "" unless sub is a string
	signed         string // what the signature covers
	signature      []byte
}

// parseToken takes a bearer token apart and judges everything that needs
// neither provider nor key. Of a refused token it returns what was readable.
func parseToken(bearer string) (*token, *Rejection) {
	t := &token{}
	if len(bearer) > maxToken {
		return t, reject(CodeTooLarge, "the token is larger than 16 KiB")
	}
	parts := strings.SplitN(bearer, ".", 6)
	switch {
	case len(parts) == 5:
		return t, reject(CodeEncrypted, "the token is encrypted; "+passAudience)
	case len(parts) != 3:
		return t, reject(CodeOpaque, "the token is opaque, a JWT is needed; "+passAudience)
	}
	header, ok1 := decodeSegment(parts[0])
	claims, ok2 := decodeSegment(parts[1])
	signature, ok3 := decodeSegment(parts[2])
	if !ok1 || !ok2 || !ok3 {
		return t, reject(CodeMalformed, "the token is not strict base64url")
	}
	t.signed, t.signature = bearer[:len(parts[0])+1+len(parts[1])], signature

	var err error
	if t.header, err = strictjson.Object(header); err != nil {
		return t, reject(CodeMalformed, "token header: "+err.Error())
	}
	t.algorithm, _ = t.header["alg"].(string)
	t.keyID, t.hasKeyID = t.header["kid"].(string)
	if t.claims, err = strictjson.Object(claims); err != nil {
		return t, reject(CodeMalformed, "token claims: "+err.Error())
	}
	t.issuer, _ = t.claims["iss"].(string)
	t.subject, _ = t.claims["sub"].(string)
	return t, t.checkHeader()
}

// decodeSegment refuses padding, line breaks, and unused bits that are set:
// one token has one spelling (RFC 7515 section 2).
func decodeSegment(s string) ([]byte, bool) {
	if s == "" || strings.ContainsAny(s, "\r\n") { // the library skips both
		return nil, false
	}
	b, err := base64.RawURLEncoding.Strict().DecodeString(s)
	return b, err == nil
}

// checkHeader leaves jwk, jku, x5u and x5c alone: they are never read.
func (t *token) checkHeader() *Rejection {
	// An extension that changes the meaning of the token and is not understood
	// must not be skipped (RFC 7515 section 4.1.11, RFC 7797).
	for _, name := range []string{"crit", "b64", "zip", "cty"} {
		if _, ok := t.header[name]; ok {
			return reject(CodeHeader, "the token header has "+name)
		}
	}
	if typ, ok := t.header["typ"]; ok {
		// RFC 8725 section 3.11, RFC 9068 section 4.
		name, _ := typ.(string)
		if !slices.Contains([]string{"jwt", "at+jwt", "application/at+jwt"}, lowerASCII(name)) {
			return reject(CodeType, "the typ of the token is none of JWT, at+jwt")
		}
	}
	if t.algorithm == "" {
		return reject(CodeAlgorithm, "the token header has no alg")
	}
	if _, ok := t.header["kid"]; ok && (t.keyID == "" || len(t.keyID) > maxKeyID) {
		return reject(CodeHeader, "kid is not a string of 1 to 256 bytes")
	}
	return nil
}

// lowerASCII folds ASCII only: U+212A KELVIN SIGN is no k.
func lowerASCII(s string) string {
	return strings.Map(func(r rune) rune {
		if 'A' <= r && r <= 'Z' {
			return r + 'a' - 'A'
		}
		return r
	}, s)
}

// lifetime is the part of a token that time can end, checked on every use.
type lifetime struct {
	expires   time.Time
	notBefore time.Time // zero if the token has no nbf
	issued    time.Time // zero if the token has no iat
}

func (l lifetime) check(now time.Time) *Rejection {
	switch {
	case !now.Before(l.expires.Add(skew)): // RFC 7519 section 4.1.4: on or after
		return reject(CodeExpired, "the token has expired")
	case !l.notBefore.IsZero() && l.notBefore.After(now.Add(skew)):
		return reject(CodeNotYet, "the token is not valid yet (nbf)")
	case !l.issued.IsZero() && l.issued.After(now.Add(skew)):
		return reject(CodeNotYet, "the token was issued in the future (iat)")
	}
	return nil
}

// checkClaims judges the claims of a token whose signature holds.
func checkClaims(claims map[string]any, p *Provider) (lifetime, *Rejection) {
	var l lifetime
	for _, name := range []string{"nonce", "at_hash", "c_hash"} {
		if _, ok := claims[name]; ok && !presets[p.Preset].idTokens {
			return l, reject(CodeIDToken, "this is an ID token, send the access token")
		}
	}
	if _, ok := claims["cnf"]; ok { // RFC 9449 section 7.1
		return l, reject(CodeBoundToken, "the token is bound to a key (cnf) and cannot be sent as Bearer")
	}
	if r := p.checkAudience(claims); r != nil {
		return l, r
	}
	if r := checkSubject(claims["sub"]); r != nil {
		return l, r
	}
	var ok bool
	if l.expires, ok = numericDate(claims["exp"]); !ok || l.expires.Unix() < 1 {
		return l, reject(CodeClaim, "the token has no exp, or it is not a number from 1 to 253402300799")
	}
	if v, found := claims["nbf"]; found {
		if l.notBefore, ok = numericDate(v); !ok {
			return l, reject(CodeClaim, "nbf is not a time in seconds")
		}
	}
	if v, found := claims["iat"]; found {
		if l.issued, ok = numericDate(v); !ok {
			return l, reject(CodeClaim, "iat is not a time in seconds")
		}
	}
	return l, nil
}

func checkSubject(v any) *Rejection {
	sub, ok := v.(string)
	if !ok || sub == "" {
		return reject(CodeSubject, "the token has no subject (sub)")
	}
	if strings.ContainsFunc(sub, unicode.IsControl) {
		return reject(CodeSubject, "the subject has control characters")
	}
	return nil
}

func stringOrStrings(v any) ([]string, bool) {
	switch v := v.(type) {
	case string:
		return []string{v}, true
	case []any:
		all := make([]string, len(v))
		for i, e := range v {
			s, ok := e.(string)
			if !ok {
				return nil, false
			}
			all[i] = s
		}
		return all, true
	}
	return nil, false
}

// numericDate reads seconds since 1970 (RFC 7519 section 2): fraction and
// exponent allowed, year 9999 at most.
func numericDate(v any) (time.Time, bool) {
	n, ok := v.(json.Number)
	if !ok {
		return time.Time{}, false
	}
	f, err := strconv.ParseFloat(string(n), 64)
	if err != nil || f < -maxTime || f > maxTime {
		return time.Time{}, false
	}
	seconds := int64(f)
	return time.Unix(seconds, int64((f-float64(seconds))*1e9)), true
}
