package authtest

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"testing"

	"github.com/go-jose/go-jose/v4"
)

const (
	mainIssuer   = "https://tenant.example.com/"
	secondIssuer = "https://second.example.com/"
	audience     = "https://api.example.com"
)

// privateKeys belong to issuers, all but evil, which nobody publishes.
type privateKeys struct {
	rsa, other, second, evil, short *rsa.PrivateKey
	ec, otherEC, ec384, ec521       *ecdsa.PrivateKey
	ed, otherEd                     ed25519.PrivateKey
}

func makeKeys(t testing.TB) privateKeys {
	t.Helper()
	newRSA := func(bits int) *rsa.PrivateKey {
		k, err := rsa.GenerateKey(rand.Reader, bits)
		if err != nil {
			t.Fatal(err)
		}
		return k
	}
	newEC := func(c elliptic.Curve) *ecdsa.PrivateKey {
		k, err := ecdsa.GenerateKey(c, rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		return k
	}
	newEd := func() ed25519.PrivateKey {
		_, k, err := ed25519.GenerateKey(rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		return k
	}
	return privateKeys{
		rsa: newRSA(2048), other: newRSA(2048), second: newRSA(2048), evil: newRSA(2048), short: newRSA(1024),
		ec: newEC(elliptic.P256()), otherEC: newEC(elliptic.P256()), ec384: newEC(elliptic.P384()), ec521: newEC(elliptic.P521()),
		ed: newEd(), otherEd: newEd(),
	}
}

// providers publishes the keys and makes the minters.
func (b *builder) providers() {
	k := makeKeys(b)
	b.private = k
	rsaKey := k.rsa.Public()
	private := b.jwk("private", rsaKey)
	private["d"] = "AQAB"
	publish := func(name, issuer, prefix string, algorithms []string, keys ...map[string]any) minter {
		set, err := json.Marshal(map[string]any{"keys": keys})
		if err != nil {
			b.Fatal(err)
		}
		b.Providers = append(b.Providers, Provider{name, issuer, audience, prefix, algorithms, string(set)})
		return minter{
			header: object{{"alg", ""}, {"typ", `"JWT"`}, {"kid", ""}},
			claims: object{
				{"iss", quote(issuer)}, {"sub", `"alice"`}, {"aud", quote(audience)},
				{"iat", "1800000000"}, {"exp", "1800003600"},
			},
		}
	}
	b.main = publish("main", mainIssuer, "", nil,
		b.jwk("k1", rsaKey), b.jwk("k2", k.other.Public()), b.jwk("shared", k.other.Public()),
		b.jwk("ec", k.ec.Public()), b.jwk("ed", k.ed.Public()), b.jwk("short", k.short.Public()), private,
		b.jwk("enc", rsaKey, "use", "enc"), b.jwk("SIG", rsaKey, "use", "SIG"), b.jwk("use null", rsaKey, "use", nil),
		b.jwk("sign", rsaKey, "key_ops", []string{"sign"}), b.jwk("wrap", rsaKey, "key_ops", []string{"wrapKey", "encrypt"}),
		b.jwk("no ops", rsaKey, "key_ops", []string{}), b.jwk("rs512", rsaKey, "alg", "RS512"), b.jwk("ps256", rsaKey, "alg", "PS256"),
		b.jwk("oaep", rsaKey, "alg", "RSA-OAEP"), b.jwk("none", rsaKey, "alg", "none"), b.jwk("hs256", rsaKey, "alg", "HS256"),
		map[string]any{"kty": "oct", "kid": "oct", "k": encode("0123456789abcdef0123456789abcdef")},
		b.jwk("1", rsaKey, "kid", 1),
	).with(b, "RS256", "k1", k.rsa)
	b.second = publish("second", secondIssuer, "second|", nil,
		b.jwk("shared", k.second.Public()), b.jwk("s2", k.second.Public()),
	).with(b, "RS256", "shared", k.second)
	b.all = publish("all", "https://all.example.com/", "all|",
		[]string{"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"},
		b.jwk("rsa", rsaKey), b.jwk("ec", k.ec.Public()), b.jwk("ec384", k.ec384.Public()), b.jwk("ec521", k.ec521.Public()), b.jwk("ed", k.ed.Public()),
	).with(b, "RS256", "rsa", k.rsa)
	b.single = publish("single", "https://single.example.com/", "single|", nil,
		b.jwk("only", rsaKey)).with(b, "RS256", "only", k.rsa)
	b.dropped = publish("dropped", "https://dropped.example.com/", "dropped|", nil,
		b.jwk("only", rsaKey), b.jwk("enc", k.other.Public(), "use", "enc")).with(b, "RS256", "only", k.rsa)
}

// jwk writes a public key, with members changed or added: name, value, ...
func (b *builder) jwk(kid string, public any, change ...any) map[string]any {
	b.Helper()
	data, err := json.Marshal(jose.JSONWebKey{Key: public, KeyID: kid})
	if err != nil {
		b.Fatal(err)
	}
	var m map[string]any
	if err := json.Unmarshal(data, &m); err != nil {
		b.Fatal(err)
	}
	for i := 0; i < len(change); i += 2 {
		m[change[i].(string)] = change[i+1]
	}
	return m
}

func (b *builder) json(v any) string {
	b.Helper()
	data, err := json.Marshal(v)
	if err != nil {
		b.Fatal(err)
	}
	return string(data)
}
