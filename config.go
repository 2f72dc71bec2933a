package main

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"flora.dev/flora/auth"
	"flora.dev/flora/rules"
	"flora.dev/flora/web"
	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"
)

// config is flora.yaml with what the environment puts over it. Its keys that
// are flags too are overruled by the command line.
type config struct {
	Listen         string       `yaml:"listen"`
	Store          string       `yaml:"store"`
	Schema         string       `yaml:"schema"`
	DataDir        string       `yaml:"dataDir"`
	Seed           string       `yaml:"seed"`
	PublicURL      string       `yaml:"publicURL"`
	TrustedProxies int          `yaml:"trustedProxies"`
	TrustedHeader  string       `yaml:"trustedHeader"`
	Admin          *adminConfig `yaml:"admin"`
	Introspection  *bool        `yaml:"introspection"`
	Log            string       `yaml:"log"`
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
	Preset        string   `yaml:"preset"`
	Issuer        string   `yaml:"issuer"`
	Audience      string   `yaml:"audience"`
	Algorithms    []string `yaml:"algorithms"`
	JWKS          string   `yaml:"jwks"`
	SubjectPrefix string   `yaml:"subjectPrefix"`
	Vouches       []string `yaml:"vouches"`
	NotBefore     string   `yaml:"notBefore"`
	Roles         []role   `yaml:"roles"`
	at            string   // file:line:col
}

// access is the provider as auth takes it, with what its preset knows.
func (p provider) access() auth.Provider {
	notBefore, _ := time.Parse(time.RFC3339, p.NotBefore) // checkProviders refuses another text
	return auth.Provider{Name: p.Name, Preset: p.Preset, Issuer: p.Issuer, Audience: p.Audience, Algorithms: p.Algorithms,
		JWKS: p.JWKS, SubjectPrefix: p.SubjectPrefix, Vouches: p.Vouches, NotBefore: notBefore}.Complete()
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

// controlRights are the roles that the control API asks for.
var controlRights = []string{"flora:schema", "flora:data", "flora:read", "flora:providers"}

// configError is the faults of a configuration file, one line each.
type configError []string

func (e configError) Error() string { return strings.Join(e, "\n") }

// defaultConfig is read where --config names no file, if it exists.
const defaultConfig = "flora.yaml"

// loadConfig reads a configuration file and the variables of the environment
// that are neither foreign nor of flags. Its error has a line for each fault
// with the place in the file, or the variable.
func loadConfig(name string, env environment, flags map[string]bool) (*config, error) {
	optional := name == ""
	if optional {
		name = defaultConfig
	}
	text, err := os.ReadFile(name)
	if optional && errors.Is(err, fs.ErrNotExist) {
		text, err = nil, nil
	}
	if err != nil {
		return nil, configError{"flora: read configuration: " + err.Error()}
	}
	return parseConfig(name, text, env, flags)
}

func parseConfig(name string, text []byte, env environment, flags map[string]bool) (*config, error) {
	if !utf8.Valid(text) {
		return nil, configError{name + ": the file is not UTF-8"}
	}
	text = bytes.TrimPrefix(text, []byte("\ufeff")) // as some editors begin a file
	file, err := parser.ParseBytes(text, 0)
	if err != nil {
		return nil, configError{yamlFault(name, err)}
	}
	c := &config{file: name}
	f := &faults{file: name, from: map[*token.Token]string{}}
	switch {
	case len(file.Docs) > 1:
		return nil, configError{name + ": more than one YAML document"}
	case len(file.Docs) == 1:
		f.body = file.Docs[0].Body
	}
	for _, variable := range env.settings(f, flags) {
		f.merge(variable, env[variable])
	}
	if f.body != nil && f.body.Type() != ast.NullType {
		if checkYAML(f, f.body, c); len(f.list) > 0 {
			return nil, configError(f.list)
		}
		if err := yaml.NodeToValue(f.body, c, yaml.Strict()); err != nil {
			return nil, configError{yamlFault(name, err)}
		}
	}
	c.check(f)
	if len(f.list) > 0 {
		return nil, configError(f.list)
	}
	c.resolvePaths(f)
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
	if _, err := c.logLevel(); err != nil {
		f.add("$.log", "log is info, warn or error")
	}
	if c.TrustedHeader != "" && !strings.EqualFold(c.TrustedHeader, "X-Forwarded-For") && !strings.EqualFold(c.TrustedHeader, "Forwarded") {
		f.add("$.trustedHeader", "trustedHeader is X-Forwarded-For or Forwarded")
	}
	if c.PublicURL != "" {
		if u, err := url.Parse(c.PublicURL); err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" || u.User != nil || u.RawQuery+u.Fragment != "" {
			f.add("$.publicURL", "publicURL must be https://host or https://host/path")
		}
	}
	if c.Listen != "" && !isAddress(c.Listen) {
		f.add("$.listen", "listen must be HOST:PORT, or :PORT for all addresses")
	}
	if engine, place, found := strings.Cut(c.Store, ":"); c.Store != "" && (!found || place == "" || engine != "sqlite" && engine != "spanner") {
		f.add("$.store", "store must be sqlite:PATH or spanner:projects/P/instances/I/databases/D")
	}
	c.checkAdmin(f)
	c.checkProviders(f)
}

// isAddress reports whether a server can listen on HOST:PORT. Names of ports are not known.
func isAddress(text string) bool {
	_, port, err := net.SplitHostPort(text)
	if err != nil {
		return false
	}
	_, err = strconv.ParseUint(port, 10, 16)
	return err == nil
}

// forwarded says that the proxies in front write Forwarded, not X-Forwarded-For.
// logLevel is how much serve writes: a line for each request from info on.
func (c *config) logLevel() (l slog.Level, err error) {
	if c.Log == "" {
		return slog.LevelInfo, nil
	}
	if !slices.Contains([]string{"info", "warn", "error"}, c.Log) {
		return l, fmt.Errorf("log level %q", c.Log)
	}
	err = l.UnmarshalText([]byte(c.Log))
	return l, err
}

func (c *config) forwarded() bool { return strings.EqualFold(c.TrustedHeader, "Forwarded") }

func (c *config) checkAdmin(f *faults) {
	switch {
	case c.Admin == nil:
		return
	case c.Admin.Listen == "":
		f.add("$.admin", "admin needs listen: HOST:PORT")
	case !isAddress(c.Admin.Listen):
		f.add("$.admin.listen", "admin.listen must be HOST:PORT")
	case c.Admin.Listen == c.Listen && !strings.HasSuffix(c.Listen, ":0"):
		f.add("$.admin.listen", "admin.listen is the address of the data API, the control API needs one of its own")
	}
	if c.Admin.Audience == "" {
		f.add("$.admin", "admin needs an audience of its own, or any user's token would open the control API")
	}
}

// checkProviders judges the providers: as auth does, and what auth does not
// know, the control API and roles. Whether loopback addresses may be trusted
// depends on the command.
func (c *config) checkProviders(f *faults) {
	data, admin := c.access()
	if c.Admin != nil && len(data) > 0 && len(admin) == 0 {
		f.add("$.admin", "no provider can give a token for the control API: those of Firebase have the audience of the project")
	}
	for _, fault := range auth.CheckProviders(data, auth.Options{InsecureLoopback: true}) {
		f.add(strings.TrimSuffix(fmt.Sprintf("$.providers[%d].%s", fault.Provider, fault.Key), "."), "%s", fault.Message)
	}
	for i := range c.Providers {
		p := &c.Providers[i]
		at := fmt.Sprintf("$.providers[%d]", i)
		p.at = f.where(at + ".issuer")
		if c.Admin != nil && data[i].Audience != "" && data[i].Audience == c.Admin.Audience {
			f.add(at+".audience", "provider %s has the audience of the control API", p.Name)
		}
		if _, err := time.Parse(time.RFC3339, p.NotBefore); p.NotBefore != "" && err != nil {
			f.add(at+".notBefore", "notBefore must be a time such as 2026-01-31T12:00:00Z")
		}
		for j := range p.Roles {
			p.Roles[j].check(f, fmt.Sprintf("%s.roles[%d]", at, j))
		}
	}
}

// refuseDev fails on providers that a production server must not trust.
func (c *config) refuseDev(providers []auth.Provider, insecure bool) error {
	var list configError
	for i := range providers {
		if err := auth.RefuseDevProviders(providers[i:i+1], insecure); err != nil {
			list = append(list, c.Providers[i].at+": "+line(err))
		}
	}
	if len(list) > 0 {
		return list
	}
	return nil
}

func (r *role) check(f *faults, at string) {
	r.at = f.where(at)
	if r.Name == "" {
		f.add(at, "a role needs a name")
	}
	if strings.HasPrefix(r.Name, "flora:") && !slices.Contains(controlRights, r.Name) {
		f.add(at, "role %s is no right of the control API, there are %s", r.Name, strings.Join(controlRights, ", "))
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

// resolvePaths makes paths in the file relative to its folder. Those in the
// environment are relative to the working directory.
func (c *config) resolvePaths(f *faults) {
	resolve := func(key string, path *string) {
		if f.variable(f.node(key)) == "" {
			*path = within(filepath.Dir(f.file), *path)
		}
	}
	resolve("$.schema", &c.Schema)
	resolve("$.dataDir", &c.DataDir)
	resolve("$.seed", &c.Seed)
	if path, isFile := strings.CutPrefix(c.Store, "sqlite:"); isFile && path != ":memory:" {
		resolve("$.store", &path)
		c.Store = "sqlite:" + path
	}
	for i := range c.Providers {
		if p := &c.Providers[i]; !strings.Contains(p.JWKS, "://") {
			resolve(fmt.Sprintf("$.providers[%d].jwks", i), &p.JWKS)
		}
	}
}

func within(dir, path string) string {
	if path == "" || filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(dir, path)
}
