package auth

import (
	"strings"
	"testing"
)

func TestPresets(t *testing.T) {
	claims := func(issuer string, change ...func(map[string]any)) string {
		return claimsJSON(append([]func(map[string]any){set("iss", issuer)}, change...)...)
	}
	const pool = "https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_x"
	for _, test := range []struct {
		preset, issuer, audience string
		want                     map[string]string // claims -> code
	}{
		{"auth0", testIssuer, testAudience, map[string]string{
			claims(testIssuer): "", claims(testIssuer, set("nonce", "n")): CodeIDToken,
			claims(testIssuer, unset("aud"), set("azp", testAudience)): CodeAudience, claims(testIssuer, unset("aud"), set("client_id", testAudience)): CodeAudience}},
		{"clerk", "https://clerk.example.com", "https://app.example.com", map[string]string{
			claims("https://clerk.example.com", unset("aud"), set("azp", "https://app.example.com")):                        "",
			claims("https://clerk.example.com", unset("aud"), set("azp", "https://app.example.com"), set("sts", "active")):  "",
			claims("https://clerk.example.com", unset("aud"), set("azp", "https://app.example.com"), set("sts", "pending")): CodeSubject,
			claims("https://clerk.example.com", unset("aud")):                                                               CodeAudience,
			claims("https://clerk.example.com", unset("aud"), set("azp", "https://evil.example.com")):                       CodeAudience,
			claims("https://clerk.example.com", unset("aud"), set("azp", []any{"https://app.example.com", "x"})):            CodeAudience,
			claims("https://clerk.example.com", set("aud", "https://app.example.com")):                                      CodeAudience}},
		{"supabase", "https://x.supabase.co/auth/v1", "authenticated", map[string]string{
			claims("https://x.supabase.co/auth/v1", set("aud", "authenticated")): "", claims("https://x.supabase.co/auth/v1", set("aud", "anon")): CodeAudience}},
		{"firebase", "https://securetoken.google.com/shop", "shop", map[string]string{
			claims("https://securetoken.google.com/shop", set("aud", "shop")): "", claims("https://securetoken.google.com/shop", set("aud", "other")): CodeAudience}},
		{"cognito", pool, "client1", map[string]string{
			claims(pool, unset("aud"), set("client_id", "client1"), set("token_use", "access")): "",
			claims(pool, unset("aud"), set("client_id", "client2"), set("token_use", "access")): CodeAudience,
			claims(pool, unset("aud"), set("client_id", "client1")):                             CodeAudience,
			claims(pool, set("aud", "client1"), set("token_use", "id")):                         CodeAudience}},
		{"google", "", "app.apps.googleusercontent.com", map[string]string{
			claims("https://accounts.google.com", set("aud", "app.apps.googleusercontent.com"), set("at_hash", "h"), set("nonce", "n")): "",
			claims("https://accounts.google.com", set("aud", "evil.apps.googleusercontent.com")):                                        CodeAudience}},
		{"firebase", "", "shop", map[string]string{claims("https://securetoken.google.com/shop", set("aud", "shop")): "", claims("https://securetoken.google.com/other", set("aud", "shop")): CodeIssuer}},
		{"firebase", "https://securetoken.google.com/shop", "", map[string]string{claims("https://securetoken.google.com/shop", set("aud", "shop")): "", claims("https://securetoken.google.com/shop", set("aud", "other")): CodeAudience}},
		{"supabase", "https://x.supabase.co/auth/v1", "", map[string]string{
			claims("https://x.supabase.co/auth/v1", set("aud", "authenticated")): "", claims("https://x.supabase.co/auth/v1", set("aud", "anon")): CodeAudience}},
		{"github", "", "https://flora.example.com", map[string]string{
			claims("https://token.actions.githubusercontent.com", set("aud", "https://flora.example.com")): ""}},
	} {
		p := testProvider(t)
		p.Preset, p.Issuer, p.Audience = test.preset, test.issuer, test.audience
		v := newVerifier(t, newClock(), Options{}, p)
		for text, want := range test.want {
			if got := code(t, v, sign(t, goodHeader, text, "RS256", rsaKey())); got != want {
				t.Errorf("%s: %s: %q, want %q", test.preset, text, got, want)
			}
		}
	}
	for name, p := range map[string]Provider{
		`preset "okta" is not known`:   {Name: "a", Preset: "okta", Issuer: testIssuer, Audience: "x"},
		"its issuers are https://cogn": {Name: "a", Preset: "cognito", Issuer: testIssuer, Audience: "x"},
		"its issuers are https://acc":  {Name: "a", Preset: "google", Issuer: testIssuer, Audience: "x"},
		"issuer":                       {Name: "a", Preset: "clerk", Audience: "x"},
	} {
		if _, err := NewVerifier([]Provider{p}, Options{}); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%v, want %s", err, name)
		}
	}
}

// TestPresetIssuers checks the forms of issuers, and that what a preset fills in
// gives way to what is written.
func TestPresetIssuers(t *testing.T) {
	for _, tt := range []struct {
		preset, issuer string
		good           bool
	}{
		{"auth0", "https://t.eu.auth0.com/", true}, {"auth0", "https://login.example.com/", true},
		{"auth0", "https://t.eu.auth0.com", false}, {"auth0", "https://t.eu.auth0.com/x/", false},
		{"clerk", "https://x.clerk.accounts.dev", true}, {"clerk", "https://x.clerk.accounts.dev/", false},
		{"supabase", "https://x.supabase.co/auth/v1", true}, {"supabase", "https://x.supabase.co", false}, {"supabase", "https://x.supabase.co/auth/v1/", false},
		{"cognito", "https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_x", true}, {"cognito", "https://cognito-idp.cn-north-1.amazonaws.com.cn/cn-north-1_x", true},
		{"cognito", "https://cognito-idp.evil.com/amazonaws.com/x", false}, {"cognito", "https://cognito-idp.eu-west-1.amazonaws.com", false},
		{"google", "https://accounts.google.com", true}, {"google", "accounts.google.com", false}, {"google", "https://accounts.google.com/", false},
		{"firebase", "https://securetoken.google.com/x", true}, {"firebase", "https://session.firebase.google.com/x", false},
		{"github", "https://token.actions.githubusercontent.com/acme", true}, {"github", "https://token.actions.acme.ghe.com", true},
		{"github", "https://token.actions.githubusercontent.com.evil.com", false},
	} {
		p := Provider{Name: "p", Preset: tt.preset, Issuer: tt.issuer, Audience: "x"}
		if faults := CheckProviders([]Provider{p}, Options{}); (len(faults) == 0) != tt.good {
			t.Errorf("%s: %s: %v", tt.preset, tt.issuer, faults)
		}
	}
	p := Provider{Preset: "supabase", Issuer: "https://x.supabase.co/auth/v1", Algorithms: []string{"RS256"}, Audience: "mine", JWKS: "keys.json"}
	if got := p.Complete(); got.Audience != "mine" || got.JWKS != "keys.json" || len(got.Algorithms) != 1 {
		t.Errorf("%+v", got)
	}
	p.Algorithms, p.Audience, p.JWKS = nil, "", ""
	if got := p.Complete(); got.Audience != "authenticated" || got.JWKS != "https://x.supabase.co/auth/v1/.well-known/jwks.json" || len(got.Algorithms) != 2 {
		t.Errorf("%+v", got)
	}
}
