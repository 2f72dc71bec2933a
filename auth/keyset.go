package auth

import (
	"crypto/rsa"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"

	"flora.dev/flora/internal/strictjson"
	"github.com/go-jose/go-jose/v4"
)

const (
	maxDocument = 256 << 10 // bytes of a key set or discovery document
	maxKeys     = 64
	minRSABits  = 2048
	maxRSABits  = 8192 // the cost of a signature check is the issuer's to choose, within reason
)

// key is one public key that may verify signatures.
type key struct {
	id        string
	hasID     bool
	algorithm string // "" if the issuer did not restrict it
	public    any    // *rsa.PublicKey, *ecdsa.PublicKey or ed25519.PublicKey
}

// keySet is what an issuer published, immutable. Two sets are never merged:
// the newer one replaces the older, or a withdrawn key would live on.
type keySet struct {
	keys      []key
	published int // before any key was dropped
	dropped   []string
	text      string // as published; "" of a set that is not kept for others
}

// parseKeySet reads a JWK set (RFC 7517 section 5). One bad key is dropped,
// with its reason; a bad document is an error.
func parseKeySet(data []byte) (*keySet, error) {
	if len(data) > maxDocument {
		return nil, errors.New("parse key set: larger than 256 KiB")
	}
	document, err := strictjson.Object(data)
	if err != nil {
		return nil, fmt.Errorf("parse key set: %w", err)
	}
	list, ok := document["keys"].([]any)
	if !ok {
		return nil, errors.New("parse key set: no array keys")
	}
	if len(list) > maxKeys {
		return nil, fmt.Errorf("parse key set: %d keys, %d at most", len(list), maxKeys)
	}
	set := &keySet{published: len(list)}
	seen := map[string]bool{}
	for i, entry := range list {
		// Which of two keys a kid means would be the reader's guess (RFC 7517
		// section 4.5 has them differ).
		if jwk, ok := entry.(map[string]any); ok && jwk["kid"] != nil {
			if id, ok := jwk["kid"].(string); ok && seen[id] {
				return nil, errors.New("parse key set: two keys have one kid")
			} else if ok {
				seen[id] = true
			}
		}
		k, err := parseKey(entry)
		if err != nil {
			set.dropped = append(set.dropped, fmt.Sprintf("key %d: %v", i, err))
			continue
		}
		set.keys = append(set.keys, k)
	}
	return set, nil
}

// parseKey applies the drop rules (RFC 8725 sections 3.1 and 3.2).
func parseKey(entry any) (key, error) {
	jwk, ok := entry.(map[string]any)
	if !ok {
		return key{}, errors.New("not an object")
	}
	for _, name := range []string{"d", "p", "q", "dp", "dq", "qi", "oth", "k", "priv"} {
		if _, ok := jwk[name]; ok {
			return key{}, fmt.Errorf("has the private part %q", name)
		}
	}
	if use, ok := jwk["use"]; ok && use != "sig" {
		return key{}, errors.New("use is not sig")
	}
	if operations, ok := jwk["key_ops"]; ok && !contains(operations, "verify") {
		return key{}, errors.New("key_ops is without verify")
	}
	var k key
	if v, ok := jwk["kid"]; ok {
		if k.id, ok = v.(string); !ok || len(k.id) > maxKeyID {
			return key{}, errors.New("kid is not a string of at most 256 bytes")
		}
		k.hasID = true
	}
	if v, ok := jwk["alg"]; ok {
		if k.algorithm, ok = v.(string); !ok || k.algorithm == "" {
			return key{}, errors.New("alg is not a string")
		}
	}
	var err error
	if k.public, err = publicKey(jwk); err != nil {
		return key{}, err
	}
	return k, nil
}

func contains(list any, want string) bool {
	all, _ := list.([]any)
	for _, v := range all {
		if v == want {
			return true
		}
	}
	return false
}

// publicKey hands the library the numbers only: certificates (x5c, x5u) prove
// nothing here and are not read.
func publicKey(jwk map[string]any) (any, error) {
	numbers := map[string]any{}
	for _, name := range []string{"kty", "n", "e", "crv", "x", "y"} {
		if v, ok := jwk[name]; ok {
			numbers[name] = v
		}
	}
	data, err := json.Marshal(numbers)
	if err != nil {
		return nil, fmt.Errorf("marshal key: %w", err)
	}
	var parsed jose.JSONWebKey
	if err := parsed.UnmarshalJSON(data); err != nil {
		return nil, err
	}
	if !parsed.Valid() || !parsed.IsPublic() {
		return nil, errors.New("not a public key")
	}
	if public, ok := parsed.Key.(*rsa.PublicKey); ok {
		if bits := public.N.BitLen(); bits < minRSABits || bits > maxRSABits {
			return nil, fmt.Errorf("RSA key of %d bits", bits)
		}
		if public.E < 3 || public.E%2 == 0 {
			return nil, errors.New("RSA key with a bad exponent")
		}
		if isROCA(public.N) {
			return nil, errors.New("RSA key that can be factored (CVE-2017-15361)")
		}
	}
	for _, algorithm := range []string{"RS256", "ES256", "ES384", "ES512", "EdDSA"} {
		if fits(parsed.Key, algorithm) {
			return parsed.Key, nil
		}
	}
	return nil, errors.New("key type not supported")
}

// isROCA knows moduli of the broken generator by their fingerprint: modulo
// every small prime they are a power of 65537. Of sound ones that is true of
// one in 10^8 at most (Nemec et al., The Return of Coppersmith's Attack, section 3.1).
func isROCA(n *big.Int) bool {
	rest := new(big.Int)
	for _, prime := range []int64{11, 13, 17, 19, 37, 53, 61, 71, 73, 79, 97, 103, 107, 109, 127, 151, 157} {
		left := rest.Mod(n, big.NewInt(prime)).Int64()
		power := int64(1)
		for range prime {
			if power == left {
				break
			}
			power = power * 65537 % prime
		}
		if power != left {
			return false
		}
	}
	return true
}

// find returns the keys that may have signed a token. unknown says that the
// set does not have the kid at all, so that a newer set might.
func (s *keySet) find(t *token) (keys []key, unknown bool) {
	if !t.hasKeyID && s.published != 1 {
		return nil, false
	}
	unknown = t.hasKeyID
	for _, k := range s.keys {
		if t.hasKeyID {
			if !k.hasID || k.id != t.keyID {
				continue
			}
			unknown = false
		}
		if fits(k.public, t.algorithm) && (k.algorithm == "" || k.algorithm == t.algorithm) {
			keys = append(keys, k)
		}
	}
	return keys, unknown
}
