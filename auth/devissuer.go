package auth

import (
	"context"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/go-jose/go-jose/v4"
	"github.com/golang-jwt/jwt/v5"
)

// RolesClaim is where the dev issuer puts roles.
const RolesClaim = "https://flora.dev/roles"

const (
	defaultTTL = time.Hour
	maxTTL     = 30 * 24 * time.Hour
)

// DevIssuer gives a token to whoever asks on this machine. It stands in for an
// access provider while a schema is developed and never guards real data.
type DevIssuer struct {
	issuer, audience string
	now              func() time.Time
	state            *devState
	offer            func(context.Context) Offer

	mu  sync.Mutex
	key devKey
}

// devKey is a key that signs, and the set that it is published in.
type devKey struct {
	private *rsa.PrivateKey
	id      string
	set     *keySet
}

func newDevKey(private *rsa.PrivateKey) (devKey, error) {
	thumbprint, err := (&jose.JSONWebKey{Key: private.Public()}).Thumbprint(crypto.SHA256)
	if err != nil {
		return devKey{}, fmt.Errorf("name key: %w", err)
	}
	id := base64.RawURLEncoding.EncodeToString(thumbprint)
	set := &keySet{keys: []key{{id: id, hasID: true, algorithm: "RS256", public: &private.PublicKey}}, published: 1}
	return devKey{private, id, set}, nil
}

// Offers sets what the login page has to choose from.
func (d *DevIssuer) Offers(offer func(context.Context) Offer) { d.offer = offer }

func (d *DevIssuer) signing() devKey {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.key
}

// rotate replaces the key in memory; the file keeps the first one.
func (d *DevIssuer) rotate() error {
	private, err := rsa.GenerateKey(rand.Reader, minRSABits)
	if err != nil {
		return fmt.Errorf("make key: %w", err)
	}
	k, err := newDevKey(private)
	if err != nil {
		return err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.key = k
	return nil
}

// OpenDevIssuer reads the private key in keyFile, or makes one there, readable
// by its owner only. issuerURL is http://LOOPBACK[:PORT]/dev/issuer/.
func OpenDevIssuer(keyFile, issuerURL, audience string, now func() time.Time) (*DevIssuer, error) {
	u, err := url.Parse(issuerURL)
	if err != nil || checkURL(issuerURL, true) != nil || !isLoopback(u.Hostname()) || u.Path != devPath || u.RawQuery != "" {
		return nil, fmt.Errorf("open dev issuer: %q is not the %s of a loopback address", issuerURL, devPath)
	}
	if audience == "" {
		return nil, errors.New("open dev issuer: no audience")
	}
	if now == nil {
		now = time.Now
	}
	private, err := readKey(keyFile)
	if errors.Is(err, fs.ErrNotExist) {
		if err = makeKey(keyFile); err == nil {
			private, err = readKey(keyFile)
		}
	}
	if err != nil {
		return nil, fmt.Errorf("open dev issuer: %w", err)
	}
	k, err := newDevKey(private)
	if err != nil {
		return nil, fmt.Errorf("open dev issuer: %w", err)
	}
	return &DevIssuer{issuer: issuerURL, audience: audience, now: now, state: newDevState(), key: k}, nil
}

func readKey(name string) (*rsa.PrivateKey, error) {
	info, err := os.Lstat(name)
	if err != nil {
		return nil, fmt.Errorf("read key: %w", err)
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("read key: %s is not a regular file", name)
	}
	if runtime.GOOS != "windows" && info.Mode().Perm()&0o077 != 0 {
		return nil, fmt.Errorf("read key: %s is open to other users (%#o): chmod 600 it, or delete it to get a new one", name, info.Mode().Perm())
	}
	data, err := os.ReadFile(name)
	if err != nil {
		return nil, fmt.Errorf("read key: %w", err)
	}
	block, _ := pem.Decode(data)
	if block == nil {
		return nil, fmt.Errorf("read key: %s holds no PEM block: delete it to get a new one", name)
	}
	parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("read key: %s: %w", name, err)
	}
	private, ok := parsed.(*rsa.PrivateKey)
	if !ok || private.N.BitLen() < minRSABits {
		return nil, fmt.Errorf("read key: %s is no RSA key of %d bits", name, minRSABits)
	}
	return private, nil
}

// makeKey writes a new key. Two processes may do so at once: the link of the
// first one wins and nobody sees half a file.
func makeKey(name string) error {
	private, err := rsa.GenerateKey(rand.Reader, minRSABits)
	if err != nil {
		return fmt.Errorf("make key: %w", err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		return fmt.Errorf("make key: %w", err)
	}
	if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
		return fmt.Errorf("make key: %w", err)
	}
	file, err := os.CreateTemp(filepath.Dir(name), ".key-*") // 0600
	if err != nil {
		return fmt.Errorf("make key: %w", err)
	}
	defer os.Remove(file.Name())
	err = errors.Join(pem.Encode(file, &pem.Block{Type: "PRIVATE KEY", Bytes: der}), file.Close())
	if err != nil {
		return fmt.Errorf("make key: %w", err)
	}
	if err = os.Link(file.Name(), name); err == nil || errors.Is(err, fs.ErrExist) {
		return nil
	}
	if err = os.Rename(file.Name(), name); err != nil { // no hard links here
		return fmt.Errorf("make key: %w", err)
	}
	return nil
}

// Provider is the access provider that trusts this issuer. It belongs in
// memory only, together with Options.DevIssuer.
func (d *DevIssuer) Provider() Provider {
	return Provider{Name: "dev", Issuer: d.issuer, Audience: d.audience, Algorithms: []string{"RS256"}}
}

func (d *DevIssuer) keySet() *keySet { return d.signing().set }

// MintRequest asks for a token.
type MintRequest struct {
	Subject string
	// Claims beside the ones that the issuer sets: iss, sub, aud, iat, exp and
	// RolesClaim.
	Claims map[string]any
	Roles  []string      // claim RolesClaim; absent if empty
	TTL    time.Duration // 0: one hour; 30 days at most
}

// Mint returns a signed token. It fails on a request whose token could not be
// read back; a token that is refused for its claims (nonce, cnf) can be minted.
func (d *DevIssuer) Mint(req MintRequest) (string, error) {
	if r := checkSubject(req.Subject); r != nil || !utf8.ValidString(req.Subject) {
		return "", errors.New("mint token: the subject is empty, has control characters, or is not UTF-8")
	}
	if req.TTL == 0 {
		req.TTL = defaultTTL
	}
	if req.TTL < time.Second || req.TTL > maxTTL {
		return "", fmt.Errorf("mint token: a lifetime of %s is not between 1s and %s", req.TTL, maxTTL)
	}
	claims := jwt.MapClaims{}
	for name, value := range req.Claims {
		switch name {
		case "iss", "sub", "aud", "iat", "exp":
			return "", fmt.Errorf("mint token: claim %s is set by the issuer", name)
		case RolesClaim:
			return "", fmt.Errorf("mint token: claim %s: name roles as roles", name)
		}
		claims[name] = value
	}
	issued := d.now().Unix()
	claims["iss"], claims["sub"], claims["aud"] = d.issuer, req.Subject, d.audience
	claims["iat"], claims["exp"] = issued, issued+int64(req.TTL/time.Second)
	if len(req.Roles) > 0 {
		claims[RolesClaim] = req.Roles
	}
	signed, err := d.sign(claims)
	if err != nil {
		return "", err
	}
	if _, r := parseToken(signed); r != nil {
		return "", fmt.Errorf("mint token: %s", r.Description)
	}
	return signed, nil
}

func (d *DevIssuer) sign(claims jwt.MapClaims) (string, error) {
	k := d.signing()
	t := jwt.NewWithClaims(jwt.SigningMethodRS256, claims)
	t.Header["kid"] = k.id
	signed, err := t.SignedString(k.private)
	if err != nil {
		return "", fmt.Errorf("mint token: %w", err)
	}
	return signed, nil
}

// publicSet is the key set as JSON.
func (d *DevIssuer) publicSet() ([]byte, error) {
	k := d.signing()
	return json.Marshal(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{
		{Key: k.private.Public(), KeyID: k.id, Algorithm: "RS256", Use: "sig"},
	}})
}
