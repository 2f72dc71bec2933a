package auth

import (
	"encoding/json"
	"os"
	"strings"
	"testing"
)

// TestWycheproof judges header, key and signature of public test vectors; see
// testdata/wycheproof. Their payloads are no claims.
func TestWycheproof(t *testing.T) {
	data, err := os.ReadFile("testdata/wycheproof/jws.json")
	if err != nil {
		t.Fatal(err)
	}
	var groups []struct {
		Comment, File string
		Keys          json.RawMessage
		Tests         []struct {
			ID                   int `json:"tcId"`
			Comment, JWS, Result string
		}
	}
	if err := json.Unmarshal(data, &groups); err != nil {
		t.Fatal(err)
	}
	tried, accepted := 0, 0
	for _, g := range groups {
		set, err := parseKeySet([]byte(`{"keys":` + string(g.Keys) + `}`))
		if err != nil {
			t.Fatal(err)
		}
		for _, test := range g.Tests {
			tried++
			ok := signatureHolds(set, test.JWS)
			if ok {
				accepted++
			}
			// Stricter: claims are never empty, ES521 is no algorithm, and a key
			// that is published for PS256 does not verify PS384.
			stricter := test.Comment == "emptyPayload" || test.Comment == "Figure20" || strings.Contains(string(g.Keys), `"ES521"`)
			if want := test.Result == "valid" && !stricter; ok != want {
				t.Errorf("%s %d, %s, %s: accepted %v", g.File, test.ID, g.Comment, test.Comment, ok)
			}
		}
	}
	t.Logf("%d vectors tried, %d accepted", tried, accepted)
	if accepted < 20 {
		t.Errorf("only %d accepted", accepted)
	}
}

// signatureHolds goes the way of Verify up to the claims.
func signatureHolds(set *keySet, bearer string) bool {
	parsed, r := parseToken(bearer)
	if r != nil && !strings.HasPrefix(r.Description, "token claims: ") || parsed.checkHeader() != nil || signingMethod(parsed.algorithm) == nil {
		return false
	}
	keys, _ := set.find(parsed)
	return checkSignature(parsed, keys) == nil
}
