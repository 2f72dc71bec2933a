package auth

import (
	"errors"
	"log/slog"
	"strings"
)

// ErrUnavailable says that a token could not be judged because its provider
// has no usable keys. Answer it with 503, never as an anonymous caller.
var ErrUnavailable = errors.New("no keys of the access provider")

// The codes of a Rejection.
const (
	CodeTooLarge   = "token_too_large"
	CodeOpaque     = "token_opaque"    // not a JWT at all
	CodeEncrypted  = "token_encrypted" // a JWE, opaque to anyone but its issuer
	CodeMalformed  = "token_malformed"
	CodeHeader     = "header_not_accepted"
	CodeType       = "type_not_accepted"
	CodeAlgorithm  = "algorithm_not_accepted"
	CodeIssuer     = "issuer_unknown"
	CodeKey        = "key_unknown"
	CodeSignature  = "signature_invalid"
	CodeClaim      = "claim_malformed"
	CodeAudience   = "audience_mismatch"
	CodeExpired    = "token_expired"
	CodeNotYet     = "token_not_yet_valid"
	CodeSubject    = "subject_not_accepted"
	CodeIDToken    = "id_token"
	CodeBoundToken = "token_bound_to_key"

	CodeRevoked      = "token_revoked"
	CodeIssuedBefore = "token_issued_too_early"
)

const passAudience = "pass the audience of this API to the SDK of the access provider (Auth0: authorizationParams.audience)"

// Rejection refuses a token. RFC 6750 section 3.1: HTTP 401, invalid_token.
type Rejection struct {
	Code string
	// Description is meant for a developer and fits error_description: only
	// characters that RFC 6750 section 3 allows, nothing out of the token.
	Description string

	// For the log, as far as the token was readable. They come from an
	// unverified token; Subject is a keyed hash.
	KeyID, Issuer, Algorithm, Subject string
}

func (r *Rejection) Error() string { return "verify token: " + r.Code + ": " + r.Description }

// LogValue lists the fields that a log may hold.
func (r *Rejection) LogValue() slog.Value {
	attrs := []slog.Attr{slog.String("code", r.Code)}
	for _, a := range []slog.Attr{
		slog.String("kid", r.KeyID), slog.String("iss", r.Issuer),
		slog.String("alg", r.Algorithm), slog.String("caller", r.Subject),
	} {
		if a.Value.String() != "" {
			attrs = append(attrs, a)
		}
	}
	return slog.GroupValue(attrs...)
}

func reject(code, description string) *Rejection {
	return &Rejection{Code: code, Description: quotable(description)}
}

// quotable maps text to the characters of error_description: %x20-21,
// %x23-5B and %x5D-7E (RFC 6750 section 3).
func quotable(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '"':
			return '\''
		case r < 0x20 || r > 0x7e || r == '\\':
			return '?'
		}
		return r
	}, s)
}
