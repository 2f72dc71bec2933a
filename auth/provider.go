package auth

// Provider is an access provider: an issuer whose tokens Flora accepts.
type Provider struct {
	Name          string   `yaml:"name"`
	Issuer        string   `yaml:"issuer"`   // exact, the trailing slash counts
	Audience      string   `yaml:"audience"` // one of the token's aud
	Algorithms    []string `yaml:"algorithms"`
	JWKS          string   `yaml:"jwks"` // URL or local file; default: from the issuer's discovery document
	SubjectPrefix string   `yaml:"subjectPrefix"`
	Vouches       []string `yaml:"vouches"`
}
