package auth

import (
	"maps"
	"regexp"
	"slices"
	"strings"
)

// preset is what Flora knows of an access provider.
type preset struct {
	issuers    *regexp.Regexp    // what its issuers look like; a group in it is the audience
	form       string            // the same in words
	issuer     string            // of a provider that has but one; AUDIENCE stands for the audience
	audience   string            // where the configuration names none
	claim      string            // that holds the audience, "" for aud
	requires   map[string]string // claims with one value
	refuses    map[string]string // claims with a value that no token may have
	algorithms []string          // where the configuration names none
	keys       string            // of the key set, below the issuer; "" for discovery
	idTokens   bool              // what it gives to be sent to an API is an ID token
	anyone     string            // who gets a token for whatever audience, if not the configured application's users
}

// presets by name. Sources:
//
//	auth0     https://auth0.com/docs/secure/tokens/access-tokens/access-token-profiles
//	clerk     https://clerk.com/docs/guides/sessions/session-tokens: the page's origin in azp, no aud;
//	          sts is "pending" while a user has not chosen an organization, which counts as signed out
//	supabase  https://supabase.com/docs/guides/auth/jwts and /jwt-fields: aud "authenticated", ES256 or RS256;
//	          its older HS256 secret signs nothing that could be verified here
//	firebase  https://firebase.google.com/docs/auth/admin/verify-id-tokens: aud is the project
//	cognito   https://docs.aws.amazon.com/cognito/latest/developerguide/amazon-cognito-user-pools-using-the-access-token.html:
//	          client_id in place of aud, token_use "access"
//	google    https://developers.google.com/identity/openid-connect/reference: its access tokens are opaque; the
//	          spelling accounts.google.com of the issuer is of older tokens, and refused
//	github    https://docs.github.com/en/actions/reference/security/oidc: tokens of Actions, of any repository,
//	          for the audience that the workflow names
var presets = map[string]preset{
	"auth0": {
		issuers: regexp.MustCompile(`^https://[^/]+/$`), form: "https://TENANT.auth0.com/, with the slash at the end",
	},
	"clerk": {
		issuers: regexp.MustCompile(`^https://[^/]+$`), form: "https://NAME.clerk.accounts.dev or https://clerk.example.com, without a slash at the end",
		claim: "azp", refuses: map[string]string{"sts": "pending"},
	},
	"supabase": {
		issuers: regexp.MustCompile(`^https://[^/]+/auth/v1$`), form: "https://PROJECT.supabase.co/auth/v1",
		audience: "authenticated", algorithms: []string{"ES256", "RS256"}, keys: "/.well-known/jwks.json",
	},
	"firebase": {
		issuers: regexp.MustCompile(`^https://securetoken\.google\.com/([^/]+)$`), form: "https://securetoken.google.com/PROJECT",
		issuer: "https://securetoken.google.com/AUDIENCE", idTokens: true,
	},
	"cognito": {
		issuers: regexp.MustCompile(`^https://cognito-idp\.[^/.]+\.amazonaws\.com(\.cn)?/[^/]+$`), form: "https://cognito-idp.REGION.amazonaws.com/POOL",
		claim: "client_id", requires: map[string]string{"token_use": "access"},
	},
	"google": {
		issuers: regexp.MustCompile(`^https://accounts\.google\.com$`), form: "https://accounts.google.com",
		issuer: "https://accounts.google.com", idTokens: true, anyone: "anyone with a Google account",
	},
	"github": {
		issuers: regexp.MustCompile(`^https://token\.actions\.(githubusercontent\.com(/[^/]+)?|[^/.]+\.ghe\.com)$`),
		form:    "https://token.actions.githubusercontent.com",
		issuer:  "https://token.actions.githubusercontent.com", anyone: "a workflow in any repository on GitHub",
	},
}

// PresetNames are the presets there are.
func PresetNames() []string { return slices.Sorted(maps.Keys(presets)) }

// Complete fills in what the preset knows and the configuration leaves out.
func (p Provider) Complete() Provider {
	known := presets[p.Preset]
	p.Algorithms, p.Vouches = slices.Clone(p.Algorithms), slices.Clone(p.Vouches)
	if len(p.Algorithms) == 0 {
		p.Algorithms = slices.Clone(known.algorithms)
	}
	if len(p.Algorithms) == 0 {
		p.Algorithms = []string{"RS256"}
	}
	if p.Audience == "" {
		p.Audience = known.audience
	}
	if p.Audience == "" && p.OwnAudience() {
		if m := known.issuers.FindStringSubmatch(p.Issuer); m != nil {
			p.Audience = m[1]
		}
	}
	if p.Issuer == "" && (p.Audience != "" || !p.OwnAudience()) {
		p.Issuer = strings.ReplaceAll(known.issuer, "AUDIENCE", p.Audience)
	}
	if p.JWKS == "" && known.keys != "" {
		p.JWKS = p.Issuer + known.keys
	}
	return p
}

// OwnAudience reports whether all tokens of the provider have one audience, that of
// the project: it cannot give any for another API.
func (p Provider) OwnAudience() bool { return strings.Contains(presets[p.Preset].issuer, "AUDIENCE") }

// Anyone tells who gets tokens of the provider for its audience where that is
// everybody, "" where the audience keeps strangers out.
func (p Provider) Anyone() string { return presets[p.Preset].anyone }

// checkPreset reports a preset that does not exist, or that the rest of the
// provider is in conflict with. p is complete.
func (p Provider) checkPreset(fault func(key, format string, args ...any)) {
	if p.Preset == "" {
		return
	}
	known, ok := presets[p.Preset]
	switch {
	case !ok:
		fault("preset", "preset %q is not known, there are %s", p.Preset, strings.Join(PresetNames(), ", "))
	case p.Issuer == "": // reported as such
	case !known.issuers.MatchString(p.Issuer):
		fault("issuer", "preset %s: its issuers are %s", p.Preset, known.form)
	case p.OwnAudience() && !strings.HasSuffix(p.Issuer, "/"+p.Audience):
		fault("audience", "preset %s: its audience is the project that its issuer ends in", p.Preset)
	}
}

// checkAudience judges who the token was made for.
func (p *Provider) checkAudience(claims map[string]any) *Rejection {
	known := presets[p.Preset]
	claim := "aud"
	if known.claim != "" {
		claim = known.claim
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
	for name, bad := range known.refuses {
		if claims[name] == bad {
			return reject(CodeSubject, "the session of the token is not complete ("+name+" "+bad+")")
		}
	}
	return nil
}
