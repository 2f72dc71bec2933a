package authtest

import (
	"fmt"
	"testing"
	"time"
)

// Now is the time at which the good tokens are good.
func Now() time.Time { return time.Unix(now, 0) }

const now = 1_800_000_000

// Provider is an access provider that the tokens are addressed to.
type Provider struct {
	Name, Issuer, Audience, SubjectPrefix string
	Algorithms                            []string
	JWKS                                  string // the key set as its issuer publishes it
}

// Attack is a token to refuse.
type Attack struct {
	Class, Name string
	Good        string // accepted: the token that Token was made from
	Token       string
	Code        string // why it is refused
}

// Corpus is all attacks and the configuration that they are tried with.
type Corpus struct {
	Providers []Provider
	Attacks   []Attack
}

// The codes of a refusal.
const (
	tooLarge   = "token_too_large"
	opaque     = "token_opaque"
	encrypted  = "token_encrypted"
	malformed  = "token_malformed"
	badHeader  = "header_not_accepted"
	badType    = "type_not_accepted"
	badAlg     = "algorithm_not_accepted"
	badIssuer  = "issuer_unknown"
	badKey     = "key_unknown"
	badSig     = "signature_invalid"
	badClaim   = "claim_malformed"
	badAud     = "audience_mismatch"
	expired    = "token_expired"
	notYet     = "token_not_yet_valid"
	badSubject = "subject_not_accepted"
	idToken    = "id_token"
	bound      = "token_bound_to_key"
)

// New makes keys, providers and attacks. Keys differ from run to run.
func New(t testing.TB) *Corpus {
	t.Helper()
	b := &builder{TB: t, names: map[string]bool{}}
	b.providers()
	b.algorithms()
	b.keys()
	b.keyIDs()
	b.ownKeys()
	b.headers()
	b.signatures()
	b.encodings()
	b.documents()
	b.claims()
	b.times()
	b.parties()
	b.subjects()
	b.kinds()
	return &b.Corpus
}

// builder collects. Its minters make good tokens of one provider each.
type builder struct {
	testing.TB
	Corpus
	names map[string]bool

	main    minter // RS256 only, several keys, bare subjects
	second  minter // has a kid in common with main
	all     minter // every algorithm
	single  minter // publishes one key
	dropped minter // publishes two keys, one of them for encryption
	private privateKeys
}

// add takes an attack up. Two of one name would be one attack counted twice.
func (b *builder) add(class, name, good, token, code string) {
	b.Helper()
	if b.names[class+name] || good == token {
		b.Fatalf("attack %s, %s: given twice or the good token itself", class, name)
	}
	b.names[class+name] = true
	b.Attacks = append(b.Attacks, Attack{class, name, good, token, code})
}

// header and claim add a token that is signed properly after one change.
func (b *builder) header(class, name string, m minter, code string, edits ...edit) {
	b.Helper()
	b.add(class, name, m.token(), m.sign(b, m.header.edited(edits).String(), m.claims.String()), code)
}

func (b *builder) claim(class, name string, m minter, code string, edits ...edit) {
	b.Helper()
	b.add(class, name, m.token(), m.sign(b, m.header.String(), m.claims.edited(edits).String()), code)
}

// label numbers the cases that are told apart by a value that nobody can read.
func label(i int, value any) string { return fmt.Sprintf("%d %.40q", i, fmt.Sprint(value)) }
