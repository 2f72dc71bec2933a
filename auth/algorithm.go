package auth

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"errors"

	"github.com/golang-jwt/jwt/v5"
)

var errSignature = errors.New("signature does not match")

// signingMethod returns the method of an algorithm, nil for one that Flora
// never accepts. Symmetric algorithms are absent on purpose: a public key must
// never become a shared secret (RFC 8725 section 2.1).
func signingMethod(algorithm string) jwt.SigningMethod {
	switch algorithm {
	case "RS256":
		return jwt.SigningMethodRS256
	case "RS384":
		return jwt.SigningMethodRS384
	case "RS512":
		return jwt.SigningMethodRS512
	case "PS256":
		return pss(jwt.SigningMethodPS256)
	case "PS384":
		return pss(jwt.SigningMethodPS384)
	case "PS512":
		return pss(jwt.SigningMethodPS512)
	case "ES256":
		return jwt.SigningMethodES256
	case "ES384":
		return jwt.SigningMethodES384
	case "ES512":
		return jwt.SigningMethodES512
	case "EdDSA":
		return jwt.SigningMethodEdDSA
	}
	return nil
}

// pss verifies with the salt length that RFC 7518 section 3.5 prescribes; the
// library takes any.
func pss(m *jwt.SigningMethodRSAPSS) jwt.SigningMethod {
	return &jwt.SigningMethodRSAPSS{SigningMethodRSA: m.SigningMethodRSA, Options: m.Options, VerifyOptions: m.Options}
}

// fits reports whether a public key is of the type and curve of an algorithm.
func fits(public any, algorithm string) bool {
	switch k := public.(type) {
	case *rsa.PublicKey:
		return algorithm[0] == 'R' || algorithm[0] == 'P'
	case *ecdsa.PublicKey:
		return algorithm == "ES256" && k.Curve == elliptic.P256() ||
			algorithm == "ES384" && k.Curve == elliptic.P384() ||
			algorithm == "ES512" && k.Curve == elliptic.P521()
	case ed25519.PublicKey:
		return algorithm == "EdDSA"
	}
	return false
}

// checkSignature takes an algorithm that the provider accepts and the keys
// that the token may have been signed with.
func checkSignature(t *token, keys []key) error {
	method := signingMethod(t.algorithm)
	for _, k := range keys {
		if method.Verify(t.signed, t.signature, k.public) == nil {
			return nil
		}
	}
	return errSignature
}
