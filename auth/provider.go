package auth

import "time"

// Provider is an access provider: an issuer whose tokens Flora accepts.
type Provider struct {
	Name          string   `yaml:"name"`
	Preset        string   `yaml:"preset"`   // what kind of provider: auth0 clerk supabase firebase cognito google github
	Issuer        string   `yaml:"issuer"`   // exact, the trailing slash counts
	Audience      string   `yaml:"audience"` // one of the token's aud; azp with clerk, client_id with cognito
	Algorithms    []string `yaml:"algorithms"`
	JWKS          string   `yaml:"jwks"` // URL or local file; default: from the issuer's discovery document
	SubjectPrefix string   `yaml:"subjectPrefix"`
	Vouches       []string `yaml:"vouches"`
	// NotBefore, if not zero, refuses tokens that were issued earlier, or do not say when.
	NotBefore time.Time `yaml:"notBefore"`
}
