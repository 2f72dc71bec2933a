package main

import (
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"flora.dev/flora/auth"
	"flora.dev/flora/rules"
	"flora.dev/flora/web"
	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
)

// config is flora.yaml. Its keys that are flags too are overruled by the
// environment and the command line.
type config struct {
	Listen         string       `yaml:"listen"`
	Store          string       `yaml:"store"`
	Schema         string       `yaml:"schema"`
	DataDir        string       `yaml:"dataDir"`
	Seed           string       `yaml:"seed"`
	PublicURL      string       `yaml:"publicURL"`
	TrustedProxies int          `yaml:"trustedProxies"`
	Admin          *adminConfig `yaml:"admin"`
	Introspection  *bool        `yaml:"introspection"`
	Limits         limitsConfig `yaml:"limits"`
	CORS           corsConfig   `yaml:"cors"`
	Providers      []provider   `yaml:"providers"`
	origins        web.Origins  // CORS.Origins, parsed
	limits         limits       // Limits over the defaults
	file           string       // "" without a file
}

// adminConfig is the listener of the control API and metrics.
type adminConfig struct {
	Listen   string `yaml:"listen"`
	Audience string `yaml:"audience"`
}

type corsConfig struct {
	Origins []string `yaml:"origins"`
}

// provider is an access provider and the roles it gives.
type provider struct {
	Name          string   `yaml:"name"`
	Issuer        string   `yaml:"issuer"`
	Audience      string   `yaml:"audience"`
	Algorithms    []string `yaml:"algorithms"`
	JWKS          string   `yaml:"jwks"`
	SubjectPrefix string   `yaml:"subjectPrefix"`
	Vouches       []string `yaml:"vouches"`
	Roles         []role   `yaml:"roles"`
}

func (p provider) access() auth.Provider {
	return auth.Provider{Name: p.Name, Issuer: p.Issuer, Audience: p.Audience, Algorithms: p.Algorithms,
		JWKS: p.JWKS, SubjectPrefix: p.SubjectPrefix, Vouches: p.Vouches}
}

// role is written as a name alone (every caller of the provider holds it) or
// with the condition under which a caller does.
type role struct {
	Name string      `yaml:"name"`
	When string      `yaml:"when"`
	slot *rules.Slot // When, compiled; nil without one
	at   string      // file:line:col
}

// UnmarshalYAML reads either form. The types were checked before.
func (r *role) UnmarshalYAML(unmarshal func(any) error) error {
	if err := unmarshal(&r.Name); err == nil {
		return nil
	}
	type plain role
	return unmarshal((*plain)(r))
}

// configError is the faults of a configuration file, one line each.
type configError []string

func (e configError) Error() string { return strings.Join(e, "\n") }

// defaultConfig is read where --config names no file, if it exists.
const defaultConfig = "flora.yaml"

// loadConfig reads a configuration file. Its error has a line for each fault
// with the place in the file.
func loadConfig(name string) (*config, error) {
	optional := name == ""
	if optional {
		name = defaultConfig
	}
	text, err := os.ReadFile(name)
	if optional && errors.Is(err, fs.ErrNotExist) {
		return &config{limits: defaultLimits()}, nil
	}
	if err != nil {
		return nil, configError{"flora: read configuration: " + err.Error()}
	}
	return parseConfig(name, text)
}

func parseConfig(name string, text []byte) (*config, error) {
	file, err := parser.ParseBytes(text, 0)
	if err != nil {
		return nil, configError{yamlFault(name, err)}
	}
	c := &config{file: name}
	f := &faults{file: name}
	var body ast.Node
	switch {
	case len(file.Docs) > 1:
		return nil, configError{name + ": more than one YAML document"}
	case len(file.Docs) == 1:
		body = file.Docs[0].Body
	}
	if body != nil && body.Type() != ast.NullType {
		if checkYAML(f, body, c); len(f.list) > 0 {
			return nil, configError(f.list)
		}
		if err := yaml.NodeToValue(body, c, yaml.Strict()); err != nil {
			return nil, configError{yamlFault(name, err)}
		}
	}
	f.body = body
	c.check(f)
	if len(f.list) > 0 {
		return nil, configError(f.list)
	}
	c.resolvePaths(filepath.Dir(name))
	return c, nil
}

// check judges what the types alone do not.
func (c *config) check(f *faults) {
	c.limits = c.Limits.apply(f, defaultLimits())
	for i, text := range c.CORS.Origins {
		o, err := web.ParseOrigin(text)
		if err != nil {
			f.add(fmt.Sprintf("$.cors.origins[%d]", i), "%v", err)
			continue
		}
		c.origins = web.Join(c.origins, o)
	}
	if c.TrustedProxies < 0 || c.TrustedProxies > 16 {
		f.add("$.trustedProxies", "trustedProxies counts the proxies in front of the server: 0 to 16")
	}
	if c.PublicURL != "" {
		if u, err := url.Parse(c.PublicURL); err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" || u.RawQuery != "" {
			f.add("$.publicURL", "publicURL must be https://host or https://host/path")
		}
	}
	if c.Admin != nil && c.Admin.Listen == "" {
		f.add("$.admin", "admin needs listen: HOST:PORT")
	}
	if c.Admin != nil && c.Admin.Audience == "" {
		f.add("$.admin", "admin needs an audience of its own, or any user's token would open the control API")
	}
	c.checkProviders(f)
}

// checkProviders judges what auth does not know: the control API and roles.
func (c *config) checkProviders(f *faults) {
	for i := range c.Providers {
		p := &c.Providers[i]
		at := fmt.Sprintf("$.providers[%d]", i)
		if c.Admin != nil && p.Audience == c.Admin.Audience {
			f.add(at+".audience", "provider %s has the audience of the control API", p.Name)
		}
		for j := range p.Roles {
			p.Roles[j].check(f, fmt.Sprintf("%s.roles[%d]", at, j))
		}
	}
}

func (r *role) check(f *faults, at string) {
	r.at = f.where(at)
	if r.Name == "" {
		f.add(at, "a role needs a name")
	}
	if r.When == "" {
		return
	}
	slot, bad := rules.CompileWhen(r.When)
	for _, fault := range bad {
		hint := ""
		if fault.Hint != "" {
			hint = ", " + fault.Hint
		}
		f.add(at, "role %s: %s%s", r.Name, fault.Message, hint)
	}
	r.slot = slot
}

// resolvePaths makes paths relative to the file's folder.
func (c *config) resolvePaths(dir string) {
	for _, p := range []*string{&c.Schema, &c.DataDir, &c.Seed} {
		*p = within(dir, *p)
	}
	if path, isFile := strings.CutPrefix(c.Store, "sqlite:"); isFile && path != ":memory:" {
		c.Store = "sqlite:" + within(dir, path)
	}
	for i := range c.Providers {
		if jwks := c.Providers[i].JWKS; !strings.Contains(jwks, "://") {
			c.Providers[i].JWKS = within(dir, jwks)
		}
	}
}

func within(dir, path string) string {
	if path == "" || filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(dir, path)
}
