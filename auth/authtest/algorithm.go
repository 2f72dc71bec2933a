package authtest

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	_ "crypto/sha1" // for a signature that must be refused
	"crypto/sha256"
	"crypto/sha512"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"strings"
)

// algorithms are tokens whose alg is not what their signature or key is
// (RFC 8725 sections 2.1, 3.1 and 3.2).
func (b *builder) algorithms() {
	b.secrets()
	b.none()
	b.spellings()
	b.mixups()
}

// secrets are HMACs with something that everybody knows.
func (b *builder) secrets() {
	const class = "public key as a secret"
	public := b.private.rsa.Public().(*rsa.PublicKey)
	pkix := b.pkix(public)
	pkcs1 := x509.MarshalPKCS1PublicKey(public)
	block := func(kind string, der []byte) []byte {
		return pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der})
	}
	n := public.N.Bytes()
	hashes := []struct {
		algorithm string
		hash      crypto.Hash
	}{{"HS256", crypto.SHA256}, {"HS384", crypto.SHA384}, {"HS512", crypto.SHA512}}
	for _, secret := range []struct {
		name  string
		value []byte
	}{
		{"PEM", block("PUBLIC KEY", pkix)}, {"PEM without the last line break", []byte(strings.TrimSuffix(string(block("PUBLIC KEY", pkix)), "\n"))},
		{"PEM with CRLF", []byte(strings.ReplaceAll(string(block("PUBLIC KEY", pkix)), "\n", "\r\n"))},
		{"PEM of PKCS #1", block("RSA PUBLIC KEY", pkcs1)}, {"DER", pkix}, {"DER of PKCS #1", pkcs1},
		{"modulus", n}, {"modulus with a zero", append([]byte{0}, n...)}, {"modulus in hex", []byte(hex.EncodeToString(n))}, {"modulus in base64", []byte(encode(string(n)))},
		{"JWK", []byte(b.json(b.jwk("k1", public)))}, {"JWK set", []byte(b.Providers[0].JWKS)},
		{"kid", []byte("k1")}, {"nothing", nil}, {"zeros", make([]byte, 32)}, {"issuer", []byte(mainIssuer)},
	} {
		for _, h := range hashes {
			for _, m := range []minter{b.main, b.all} {
				token := hmacToken(h.hash, m.header.edited([]edit{set("alg", quote(h.algorithm))}).String(), m.claims.String(), secret.value)
				b.add(class, h.algorithm+" "+secret.name+" of "+m.claims[0].value, m.token(), token, badAlg)
			}
		}
	}
	ec := b.private.ec.Public().(*ecdsa.PublicKey)
	point, err := ec.Bytes()
	if err != nil {
		b.Fatal(err)
	}
	for name, secret := range map[string][]byte{
		"EC PEM": block("PUBLIC KEY", b.pkix(ec)), "EC DER": b.pkix(ec), "EC point": point, "EC x": point[1:33], "EC JWK": []byte(b.json(b.jwk("ec", ec))),
		"Ed25519 key": b.private.ed.Public().(ed25519.PublicKey), "Ed25519 PEM": block("PUBLIC KEY", b.pkix(b.private.ed.Public())),
	} {
		m := b.all.with(b, "ES256", "ec", b.private.ec)
		token := hmacToken(crypto.SHA256, m.header.edited([]edit{set("alg", `"HS256"`)}).String(), m.claims.String(), secret)
		b.add(class, name, m.token(), token, badAlg)
	}
}

func (b *builder) pkix(public any) []byte {
	b.Helper()
	der, err := x509.MarshalPKIXPublicKey(public)
	if err != nil {
		b.Fatal(err)
	}
	return der
}

// none are unsecured tokens (RFC 7518 section 3.6).
func (b *builder) none() {
	const class = "none"
	for _, m := range []minter{b.main, b.all} {
		_, claims, signature := m.parts(b)
		for i, alg := range []string{
			`"none"`, `"None"`, `"NONE"`, `"nOnE"`, `"NoNe"`, `"none "`, `" none"`, `"none\t"`, `"none\u0000"`, `"n\u006fne"`, `"no\u006Ee"`,
			`"ｎｏｎｅ"`, `"nоne"`, `"none\u200b"`, `"null"`, `"undefined"`, `""`, `null`, `false`, `0`, `[]`, `{}`, `["none"]`, `["none","RS256"]`, `{"alg":"none"}`,
		} {
			name := label(i, alg) + " " + m.claims[0].value
			header := encode(m.header.edited([]edit{set("alg", alg)}).String())
			b.add(class, name+" with the signature", m.token(), header+"."+claims+"."+encode(string(signature)), badAlg)
			b.add(class, name+" with a byte", m.token(), header+"."+claims+".AA", badAlg)
			b.add(class, name+" without", m.token(), header+"."+claims+".", malformed)
			b.add(class, name+" without a dot", m.token(), header+"."+claims, opaque)
		}
	}
}

// spellings are properly signed under an alg that only looks right.
func (b *builder) spellings() {
	for i, alg := range []string{
		`"rs256"`, `"Rs256"`, `"rS256"`, `"RS256 "`, `" RS256"`, `"RS256\u0000"`, `"RS256\n"`, `"RS256\u200b"`, `"\ufeffRS256"`, `"RS-256"`, `"RSA256"`, `"RS２５６"`, `"ＲＳ256"`,
		`"RЅ256"`, `"RS256,none"`, `"RS256;none"`, `"RS256\\"`, `"RS25"`, `"RS2566"`, `"RS1"`, `"SHA256withRSA"`, `"RSASSA-PKCS1-v1_5"`,
		`"http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"`, `"1.2.840.113549.1.1.11"`, `["RS256"]`, `{"RS256":true}`, `256`, `true`, `null`, `""`,
	} {
		b.header("alg spelled", label(i, alg), b.main, badAlg, set("alg", alg))
	}
	b.header("alg spelled", "absent", b.main, badAlg, drop("alg"))
	b.header("alg spelled", "ALG", b.main, badAlg, drop("alg"), also("ALG", `"RS256"`))
	b.header("alg spelled", "enc", b.main, badAlg, drop("alg"), also("enc", `"RS256"`))
	for _, alg := range []string{"ES256K", "Ed25519", "Ed448", "EdDSA25519", "RSA-OAEP", "dir", "A256GCM", "PBES2-HS256+A128KW", "ES224", "RS224", "PS1"} {
		b.header("alg spelled", alg+" where all are accepted", b.all, badAlg, set("alg", quote(alg)))
	}
}

// mixups pair algorithms, keys and signatures that do not belong together.
func (b *builder) mixups() {
	const class = "algorithm mixed up"
	rsaAlgorithms := []string{"RS256", "RS384", "RS512", "PS256", "PS384", "PS512"}
	fits := map[string]string{"ES256": "ec", "ES384": "ec384", "ES512": "ec521", "EdDSA": "ed"}
	keys := map[string]any{"rsa": b.private.rsa, "ec": b.private.ec, "ec384": b.private.ec384, "ec521": b.private.ec521, "ed": b.private.ed}
	for _, alg := range rsaAlgorithms {
		fits[alg] = "rsa"
		if alg != "RS256" {
			m := b.main.with(b, alg, "k1", b.private.rsa)
			b.add(class, alg+" of a provider of RS256", b.main.token(), m.token(), badAlg)
		}
		for _, made := range rsaAlgorithms {
			if made != alg {
				m := b.all.with(b, alg, "rsa", b.private.rsa)
				other := m
				other.algorithm = made
				b.add(class, alg+" made as "+made, m.token(), other.sign(b, m.header.String(), m.claims.String()), badSig)
			}
		}
	}
	for alg, right := range fits {
		good := b.all.with(b, alg, right, keys[right])
		for kid := range keys {
			if kid != right {
				b.header(class, alg+" with key "+kid, good, badKey, set("kid", quote(kid)))
			}
		}
	}
	for alg, kid := range map[string]string{"ES256": "ec", "EdDSA": "ed"} {
		m := b.main.with(b, alg, kid, keys[kid])
		b.add(class, alg+" of a provider of RS256", b.main.token(), m.token(), badAlg)
	}
	// RFC 7518 section 3.5: the salt is as long as the hash.
	m := b.all.with(b, "PS256", "rsa", b.private.rsa)
	header, claims, _ := m.parts(b)
	digest := sha256.Sum256([]byte(header + "." + claims))
	for name, salt := range map[string]int{"a short": 20, "a long": 48, "the longest": rsa.PSSSaltLengthAuto} {
		s, err := rsa.SignPSS(rand.Reader, b.private.rsa, crypto.SHA256, digest[:], &rsa.PSSOptions{SaltLength: salt})
		if err != nil {
			b.Fatal(err)
		}
		b.add(class, "PS256 with "+name+" salt", m.token(), header+"."+claims+"."+encode(string(s)), badSig)
	}
	m = b.main
	header, claims, _ = m.parts(b)
	sha1 := crypto.SHA1.New()
	sha1.Write([]byte(header + "." + claims))
	s, err := rsa.SignPKCS1v15(rand.Reader, b.private.rsa, crypto.SHA1, sha1.Sum(nil))
	if err != nil {
		b.Fatal(err)
	}
	b.add(class, "RS256 over SHA-1", m.token(), header+"."+claims+"."+encode(string(s)), badSig)
	m = b.all.with(b, "ES256", "ec", b.private.ec)
	header, claims, _ = m.parts(b)
	long := sha512.Sum512([]byte(header + "." + claims))
	x, y, err := ecdsa.Sign(rand.Reader, b.private.ec, long[:])
	if err != nil {
		b.Fatal(err)
	}
	b.add(class, "ES256 over SHA-512", m.token(), header+"."+claims+"."+encode(string(append(x.FillBytes(make([]byte, 32)), y.FillBytes(make([]byte, 32))...))), badSig)
}
