package auth

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// preset is what an access provider does differently from Auth0.
type preset struct {
	algorithms []string          // where the configuration names none
	audience   string            // the claim that Provider.Audience is compared with
	requires   map[string]string // claims with one value
	issuer     string            // of a provider that has but one, or what every issuer of it begins with
	idTokens   bool              // what it gives to be sent to an API is an ID token
}

// presets by name. Sources:
//
//	auth0     https://auth0.com/docs/secure/tokens/access-tokens/access-token-profiles
//	clerk     https://clerk.com/docs/backend-requests/manual-jwt: the page's origin in azp, no aud
//	supabase  https://supabase.com/docs/guides/auth/jwts: aud "authenticated", ES256 or RS256
//	firebase  https://firebase.google.com/docs/auth/admin/verify-id-tokens: aud is the project
//	cognito   https://docs.aws.amazon.com/cognito/latest/developerguide/amazon-cognito-user-pools-using-the-access-token.html:
//	          client_id in place of aud, token_use "access"
//	google    https://developers.google.com/identity/openid-connect/openid-connect: its access tokens are opaque
//	github    https://docs.github.com/actions/reference/openid-connect-reference: tokens of Actions
var presets = map[string]preset{
	"auth0":    {},
	"clerk":    {audience: "azp"},
	"supabase": {algorithms: []string{"ES256", "RS256"}},
	"firebase": {issuer: "https://securetoken.google.com/", idTokens: true},
	"cognito":  {audience: "client_id", requires: map[string]string{"token_use": "access"}, issuer: "https://cognito-idp."},
	"google":   {issuer: "https://accounts.google.com", idTokens: true},
	"github":   {issuer: "https://token.actions.githubusercontent.com"},
}

// complete fills in what the preset knows and the configuration leaves out.
func (p Provider) complete() Provider {
	known := presets[p.Preset]
	p.Algorithms, p.Vouches = slices.Clone(p.Algorithms), slices.Clone(p.Vouches)
	if len(p.Algorithms) == 0 {
		p.Algorithms = slices.Clone(known.algorithms)
	}
	if len(p.Algorithms) == 0 {
		p.Algorithms = []string{"RS256"}
	}
	if p.Issuer == "" && known.issuer != "" && !strings.HasSuffix(known.issuer, "/") && !strings.HasSuffix(known.issuer, ".") {
		p.Issuer = known.issuer
	}
	return p
}

// checkPreset reports a preset that does not exist or does not fit.
func (p Provider) checkPreset() error {
	if p.Preset == "" {
		return nil
	}
	known, ok := presets[p.Preset]
	if !ok {
		return fmt.Errorf("preset %q is not known, there are %s", p.Preset, strings.Join(slices.Sorted(maps.Keys(presets)), ", "))
	}
	if !strings.HasPrefix(p.Issuer, known.issuer) {
		return fmt.Errorf("preset %s: its issuers begin with %s", p.Preset, known.issuer)
	}
	return nil
}

// checkAudience judges who the token was made for.
func (p *Provider) checkAudience(claims map[string]any) *Rejection {
	known := presets[p.Preset]
	claim := "aud"
	if known.audience != "" {
		claim = known.audience
	}
	for name, want := range known.requires {
		if claims[name] != want {
			return reject(CodeAudience, "the token needs "+name+" "+want)
		}
	}
	audiences, ok := stringOrStrings(claims[claim])
	if !ok || claim != "aud" && len(audiences) != 1 {
		return reject(CodeAudience, "the token has no audience ("+claim+"), expected "+p.Audience)
	}
	if !slices.Contains(audiences, p.Audience) {
		return reject(CodeAudience, "the token has another audience, expected "+p.Audience)
	}
	return nil
}
