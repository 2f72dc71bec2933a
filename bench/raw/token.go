package raw

import (
	"crypto/sha256"
	"errors"
	"strings"
	"sync"
	"time"

	"flora.dev/flora/bench/workload"
	"github.com/golang-jwt/jwt/v5"
)

// verifier remembers the tokens that it verified, by their hash.
type verifier struct {
	parser *jwt.Parser
	key    any
	known  sync.Map // of holder by [32]byte
}

type holder struct {
	subject string
	expires time.Time
}

func newVerifier(keySet string) (*verifier, error) {
	key, err := workload.ReadKey(keySet)
	if err != nil {
		return nil, err
	}
	return &verifier{
		parser: jwt.NewParser(jwt.WithValidMethods([]string{"RS256"}), jwt.WithIssuer(workload.Issuer), jwt.WithAudience(workload.Audience), jwt.WithExpirationRequired()),
		key:    key,
	}, nil
}

var errToken = errors.New("no valid token")

func (v *verifier) subject(header string) (string, error) {
	token, ok := strings.CutPrefix(header, "Bearer ")
	if !ok {
		return "", errToken
	}
	hash := sha256.Sum256([]byte(token))
	if h, ok := v.known.Load(hash); ok && time.Now().Before(h.(holder).expires) {
		return h.(holder).subject, nil
	}
	var claims jwt.RegisteredClaims
	if _, err := v.parser.ParseWithClaims(token, &claims, func(*jwt.Token) (any, error) { return v.key, nil }); err != nil || claims.Subject == "" {
		return "", errToken
	}
	v.known.Store(hash, holder{claims.Subject, claims.ExpiresAt.Time})
	return claims.Subject, nil
}
