package auth

import (
	"encoding/json"
	"fmt"
	"math/big"
	"strings"
	"testing"

	"github.com/golang-jwt/jwt/v5"
)

// TestRealWorldTokens accepts access tokens as providers write them: shapes
// from their documentation, see presets.
func TestRealWorldTokens(t *testing.T) {
	many := make([]string, 200)
	for i := range many {
		many[i] = fmt.Sprintf("read:resource-%d", i)
	}
	permissions := mustJSON(t, many)
	const at = `"iat":1800000000,"exp":1800003600`
	const pool = "https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_AbC"
	const rs, es = `{"alg":"RS256","typ":"JWT","kid":"k1"}`, `{"alg":"ES256","kid":"ec","typ":"JWT"}`
	for _, test := range []struct {
		name, preset, issuer, audience, header, claims string
	}{
		{"Auth0, user", "auth0", testIssuer, testAudience, rs,
			`"sub":"auth0|5f7c8ec7c33c6c004bbafe82","aud":["` + testAudience + `","https://tenant.eu.auth0.com/userinfo"],` + at + `,"azp":"my_client_id","scope":"openid profile email offline_access","permissions":` + permissions + `,"https://example.com/roles":["manager"]`},
		{"Auth0, RFC 9068 profile", "auth0", testIssuer, testAudience, `{"alg":"RS256","typ":"at+jwt","kid":"k1"}`,
			`"sub":"google-oauth2|103547991597142817347","aud":"` + testAudience + `",` + at + `,"jti":"ftd3","client_id":"c","scope":"read","auth_time":1799999990,"org_id":"org_1"`},
		{"Auth0, machine", "auth0", testIssuer, testAudience, rs, `"sub":"abcDEF123@clients","aud":"` + testAudience + `",` + at + `,"azp":"abcDEF123","gty":"client-credentials"`},
		{"Auth0, refreshed", "auth0", testIssuer, testAudience, rs, `"sub":"email|1","aud":["` + testAudience + `"],` + at + `,"gty":["refresh_token","password"]`},
		{"Clerk", "clerk", "https://happy-cat-1.clerk.accounts.dev", "https://app.example.com", `{"alg":"RS256","cat":"cl_B7d4PD111AAA","kid":"k1","typ":"JWT"}`,
			`"azp":"https://app.example.com",` + at + `,"nbf":1799999990,"jti":"j","sid":"sess_1","sub":"user_1","sts":"active","v":2,"fva":[5,-1],"pla":"u:free","fea":"u:a,o:b","o":{"id":"org_1","rol":"admin","slg":"s","per":"read,manage","fpm":"3,2"}`},
		{"Supabase", "supabase", "https://abcd.supabase.co/auth/v1", "authenticated", es,
			`"sub":"5c3c0e5e-8d6e-4f5a-9d93-13b4d8a2ad17","aud":"authenticated",` + at + `,"email":"a@example.com","phone":"","app_metadata":{"provider":"email","providers":["email"]},"user_metadata":{},"role":"authenticated","aal":"aal1","amr":[{"method":"password","timestamp":1800000000}],"session_id":"s","is_anonymous":false`},
		{"Firebase", "firebase", "https://securetoken.google.com/shop", "shop", `{"alg":"RS256","kid":"k1","typ":"JWT"}`,
			`"name":"Alice","picture":"https://x/p.jpg","aud":"shop","auth_time":1799999000,"user_id":"u1","sub":"u1",` + at + `,"email":"a@example.com","email_verified":true,"firebase":{"identities":{"google.com":["1"],"email":["a@example.com"]},"sign_in_provider":"google.com"}`},
		{"Cognito", "cognito", pool, "client1", `{"kid":"k1","alg":"RS256"}`,
			`"sub":"aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee","device_key":"d","cognito:groups":["admin"],"version":2,"client_id":"client1","origin_jti":"o","event_id":"e","token_use":"access","scope":"phone openid","auth_time":1800000000,` + at + `,"jti":"j","username":"alice"`},
		{"Google", "google", "https://accounts.google.com", "1.apps.googleusercontent.com", rs,
			`"azp":"1.apps.googleusercontent.com","aud":"1.apps.googleusercontent.com","sub":"10769150350006150715113082367","at_hash":"HK6E_P6Dh8Y93mRNtsDB1Q","hd":"example.com","email":"a@example.com","email_verified":true,"nonce":"0394852",` + at},
		{"GitHub Actions", "github", "https://token.actions.githubusercontent.com", testAudience, `{"typ":"JWT","alg":"RS256","x5t":"abc","kid":"k1"}`,
			`"jti":"j","sub":"repo:octo-org/octo-repo:environment:prod","aud":"` + testAudience + `","ref":"refs/heads/main","repository":"octo-org/octo-repo","run_id":"1","nbf":1799999400,` + at},
		{"Keycloak", "", "https://sso.example.com/realms/shop", testAudience, `{"alg":"RS256","typ" : "JWT","kid" : "k1"}`,
			at + `,"auth_time":1799999000,"jti":"onrtac:1","aud":["` + testAudience + `","account"],"sub":"f1","typ":"Bearer","azp":"spa","sid":"s","acr":"1","allowed-origins":["https://app.example.com"],"realm_access":{"roles":["offline_access","uma_authorization"]},"resource_access":{"account":{"roles":["manage-account"]}},"scope":"openid email","preferred_username":"älice 😀"`},
		{"Entra, version 2", "", "https://login.microsoftonline.com/9122040d/v2.0", "api-client-id", rs,
			`"aud":"api-client-id","nbf":1800000000,` + at + `,"aio":"AXQAi/8I","azp":"spa","azpacr":"0","name":"Alice","oid":"00","preferred_username":"a@example.com","rh":"0.A","scp":"access_as_user","sub":"HKZ","tid":"9122040d","uti":"f","ver":"2.0","wids":["b79"]`},
		{"Entra, version 1", "", "https://sts.windows.net/9122040d/", "api://shop", `{"typ":"JWT","alg":"RS256","x5t":"k1","kid":"k1"}`,
			`"aud":"api://shop","nbf":1800000000,` + at + `,"acr":"1","amr":["pwd","mfa"],"appid":"spa","appidacr":"0","ipaddr":"203.0.113.1","sub":"HKZ","xms_st":{"sub":"x"},"ver":"1.0"`},
		{"times as floats", "", testIssuer, testAudience, rs, `"sub":"alice","aud":"` + testAudience + `","iat":1799999999.123456,"nbf":1799999999.5,"exp":1800003600.987654`},
		{"spaces and escapes", "", testIssuer, testAudience, rs, " \"sub\" : \"\\u0061lice\" ,\r\n\t\"aud\" : [ \"https:\\/\\/api.example.com\" ] , " + at + ` , "name":"\ud83d\ude00" `},
		{"null claims", "", testIssuer, testAudience, rs, `"sub":"alice","aud":"` + testAudience + `",` + at + `,"email":null,"jti":null,"roles":[]`},
		{"names that differ in case only", "", testIssuer, testAudience, rs, `"sub":"alice","Sub":"bob","SUB":"admin","aud":"` + testAudience + `",` + at},
		{"keys and certificates in the header, not read", "", testIssuer, testAudience, `{"alg":"RS256","kid":"k1","jku":"https://evil.example","jwk":{"kty":"RSA"},"x5u":"https://evil.example","x5c":[],"x5t":1,"CRIT":["x"],"ppt":"x"}`, `"sub":"alice","aud":"` + testAudience + `",` + at},
		{"typ in capitals", "", testIssuer, testAudience, `{"alg":"RS256","kid":"k1","typ":"APPLICATION/AT+JWT"}`, `"sub":"alice","aud":"` + testAudience + `",` + at},
		{"16 deep, 256 members", "", testIssuer, testAudience, rs, `"sub":"alice","aud":"` + testAudience + `",` + at + `,"x":` + strings.Repeat("[", 15) + strings.Repeat("]", 15) + `,"y":{` + numbered(256) + `}`},
		{"16 KiB", "", testIssuer, testAudience, rs, `"sub":"alice","aud":"` + testAudience + `",` + at + `,"x":"` + strings.Repeat("x", 11_600) + `"`},
	} {
		t.Run(test.name, func(t *testing.T) {
			p := testProvider(t)
			p.Preset, p.Issuer, p.Audience = test.preset, test.issuer, test.audience
			v := newVerifier(t, newClock(), Options{}, p)
			var private any = rsaKey()
			algorithm := "RS256"
			if test.header == es {
				private, algorithm = ecKey(), "ES256"
			}
			claims := `{"iss":` + mustJSON(t, test.issuer) + "," + test.claims + "}"
			for range 2 { // the second time out of the cache
				if got := code(t, v, sign(t, test.header, claims, algorithm, private)); got != "" {
					t.Errorf("refused: %s", got)
				}
			}
			// Its twin differs in the signature only.
			if got := code(t, v, sign(t, test.header, claims, algorithm, map[string]any{"RS256": otherKey(), "ES256": makeEC(ecKey().Curve)}[algorithm])); got != CodeSignature {
				t.Errorf("signed with another key: %q", got)
			}
		})
	}
}

func numbered(n int) string {
	all := make([]string, n)
	for i := range all {
		all[i] = fmt.Sprintf(`"m%d":0`, i)
	}
	return strings.Join(all, ",")
}

// TestTimesAccepted are the near sides of the edges that authtest's attacks
// are beyond.
func TestTimesAccepted(t *testing.T) {
	v := newVerifier(t, newClock(), Options{}, testProvider(t))
	for name, values := range map[string][]string{
		"exp": {"1799999971", "1799999970.001", "1.799999971e9", "1800000000", "1.8e9", "18e8", "1800000000000e-3", "253402300799"},
		"nbf": {"1800000030", "1800000029.999", "18000000.3e2", "0", "-1", "-0.0", "1e-400", "-253402300799"},
		"iat": {"1800000030", "1800000029.999", "0", "1", "-1", "1e0"},
	} {
		for _, value := range values {
			if got := code(t, v, goodToken(t, set(name, json.Number(value)))); got != "" {
				t.Errorf("%s %s: %s", name, value, got)
			}
		}
	}
	if got := code(t, v, goodToken(t, unset("iat"))); got != "" {
		t.Errorf("without iat: %s", got)
	}
}

// An ECDSA signature has two forms, which any holder of the token can turn
// into each other (RFC 7518 section 3.4 takes both). Nothing goes by the text
// of a token: not revocation, not rates.
func TestVerifyHighS(t *testing.T) {
	p := testProvider(t)
	p.Algorithms = []string{"ES256"}
	v := newVerifier(t, newClock(), Options{}, p)
	token := sign(t, `{"alg":"ES256","kid":"ec"}`, claimsJSON(), "ES256", ecKey())
	signed := token[:strings.LastIndexByte(token, '.')]
	signature, err := jwt.NewParser().DecodeSegment(token[len(signed)+1:])
	if err != nil {
		t.Fatal(err)
	}
	s := new(big.Int).SetBytes(signature[32:])
	s.Sub(ecKey().Params().N, s).FillBytes(signature[32:])
	for _, form := range []string{token, signed + "." + b64(string(signature))} {
		id, err := v.Verify(t.Context(), form)
		if err != nil || id.Subject != "alice" {
			t.Errorf("%v, %v", id, err)
		}
	}
}
