package workload

import (
	"bufio"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math/big"
	"os"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// The access provider that the tokens come from.
const (
	Issuer   = "https://issuer.example"
	Audience = "bench"
	keyID    = "bench"
)

// WriteTokens makes a key, its set in a file, and a file of lines "owner, tab,
// token".
func WriteTokens(keySet, tokens string) error {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return fmt.Errorf("make key: %w", err)
	}
	number := func(n *big.Int) string { return base64.RawURLEncoding.EncodeToString(n.Bytes()) }
	set, err := json.Marshal(map[string]any{"keys": []any{map[string]string{
		"kty": "RSA", "use": "sig", "alg": "RS256", "kid": keyID, "n": number(key.N), "e": number(big.NewInt(int64(key.E))),
	}}})
	if err != nil {
		return err
	}
	if err := os.WriteFile(keySet, set, 0o644); err != nil {
		return err
	}
	f, err := os.Create(tokens)
	if err != nil {
		return err
	}
	defer f.Close()
	w := bufio.NewWriter(f)
	now := time.Now()
	for n := range Owners {
		t := jwt.NewWithClaims(jwt.SigningMethodRS256, jwt.MapClaims{
			"iss": Issuer, "aud": Audience, "sub": OwnerID(n), "iat": now.Unix(), "exp": now.AddDate(0, 1, 0).Unix(),
		})
		t.Header["kid"] = keyID
		text, err := t.SignedString(key)
		if err != nil {
			return fmt.Errorf("sign token: %w", err)
		}
		fmt.Fprintf(w, "%s\t%s\n", OwnerID(n), text)
	}
	if err := w.Flush(); err != nil {
		return err
	}
	return f.Close()
}

// ReadTokens reads the tokens of the owners, in the order of their numbers.
func ReadTokens(name string) ([]string, error) {
	text, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	var tokens []string
	for line := range strings.Lines(string(text)) {
		owner, token, ok := strings.Cut(strings.TrimSpace(line), "\t")
		if !ok || owner != OwnerID(len(tokens)) {
			return nil, fmt.Errorf("read tokens: %s:%d is not of %s", name, len(tokens)+1, OwnerID(len(tokens)))
		}
		tokens = append(tokens, token)
	}
	if len(tokens) != Owners {
		return nil, fmt.Errorf("read tokens: %s has %d, want %d", name, len(tokens), Owners)
	}
	return tokens, nil
}

// ReadKey reads the key of a set that WriteTokens wrote.
func ReadKey(keySet string) (*rsa.PublicKey, error) {
	text, err := os.ReadFile(keySet)
	if err != nil {
		return nil, err
	}
	var set struct{ Keys []struct{ N, E string } }
	if err := json.Unmarshal(text, &set); err != nil || len(set.Keys) != 1 {
		return nil, fmt.Errorf("read key set %s: want one key: %w", keySet, err)
	}
	number := func(s string) *big.Int {
		b, _ := base64.RawURLEncoding.DecodeString(s)
		return new(big.Int).SetBytes(b)
	}
	return &rsa.PublicKey{N: number(set.Keys[0].N), E: int(number(set.Keys[0].E).Int64())}, nil
}
