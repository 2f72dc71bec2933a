package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"flora.dev/flora/auth"
)

// devAudience is what tokens of the development issuer are for.
const devAudience = "https://api.flora.dev"

// tokenCommand is flora token.
type tokenCommand struct {
	Sub     string        `required:"" help:"Subject: who the caller is, CurrentIdentity() in rules." placeholder:"ID" flagonly:""`
	Claim   []string      `help:"A claim of the token; the value is JSON, as in --claim age=42 or --claim team='\"red\"'. May be repeated." placeholder:"KEY=JSON" sep:"none" flagonly:""`
	Role    []string      `help:"A role that the caller holds. May be repeated." placeholder:"NAME" sep:"none" flagonly:""`
	TTL     time.Duration `name:"ttl" help:"How long the token is good for." default:"1h"`
	Listen  string        `help:"Address of the development server, if it never ran here." default:"127.0.0.1:8080" placeholder:"HOST:PORT"`
	DataDir string        `help:"Data directory of the development server." default:".flora" placeholder:"DIR"`
}

// Help is what flora token --help adds.
func (tokenCommand) Help() string {
	return `Prints a token of the local development issuer, for flora dev only: no other server accepts it. ` +
		`Roles go into the claim ` + auth.RolesClaim + `.

  curl -s localhost:8080/graphql -H "Authorization: Bearer $(flora token --sub ada)" \
       -H 'Content-Type: application/json' -d '{"query":"{ me { name } }"}'`
}

// Run prints one token.
func (c *tokenCommand) Run(a *app) error {
	claims, err := claimsOf(c.Claim)
	if err != nil {
		return err
	}
	issuer, err := openIssuer(c.DataDir, knownIssuer(c.DataDir, c.Listen))
	if err != nil {
		return err
	}
	token, err := issuer.Mint(auth.MintRequest{Subject: c.Sub, Claims: claims, Roles: c.Role, TTL: c.TTL})
	if err != nil {
		return err
	}
	fmt.Fprintln(a.stdout, token)
	return nil
}

// claimsOf reads --claim flags.
func claimsOf(flags []string) (map[string]any, error) {
	claims := map[string]any{}
	for _, text := range flags {
		key, value, found := strings.Cut(text, "=")
		if !found || key == "" {
			return nil, fmt.Errorf("--claim %s: write KEY=JSON", text)
		}
		v, err := decodeClaim(value)
		if err != nil {
			return nil, fmt.Errorf("--claim %s: the value is not JSON; a string needs quotes of its own: --claim '%s=%q'", text, key, value)
		}
		if _, twice := claims[key]; twice {
			return nil, fmt.Errorf("--claim %s is given twice", key)
		}
		claims[key] = v
	}
	return claims, nil
}

func decodeClaim(text string) (any, error) {
	d := json.NewDecoder(bytes.NewReader([]byte(text)))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		return nil, err
	}
	if d.More() {
		return nil, fmt.Errorf("something follows the value")
	}
	return v, nil
}

// openIssuer opens the development issuer whose key is in the data directory.
func openIssuer(dataDir, issuerURL string) (*auth.DevIssuer, error) {
	return auth.OpenDevIssuer(filepath.Join(dataDir, "issuer.key"), issuerURL, devAudience, time.Now)
}

// issuerAt is the issuer of a development server at an address.
func issuerAt(address string) string { return "http://" + address + "/dev/issuer/" }

// knownIssuer is the issuer that the development server last was, as it noted
// in its data directory; before it ever ran, the one it will be.
func knownIssuer(dataDir, listen string) string {
	noted, err := os.ReadFile(issuerNote(dataDir))
	if err != nil {
		return issuerAt(listen)
	}
	return strings.TrimSpace(string(noted))
}

func issuerNote(dataDir string) string { return filepath.Join(dataDir, "issuer.url") }
