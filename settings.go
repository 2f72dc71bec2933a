package main

import (
	"maps"
	"runtime/debug"
	"strings"

	"github.com/alecthomas/kong"
)

// settings gives kong the flags that the command line leaves out: from the
// environment, then from the configuration file.
type settings struct{ *app }

// Validate has nothing to check: parseConfig did.
func (s *settings) Validate(*kong.Application) error { return nil }

// Resolve returns the value of a flag, nil to leave it at its default.
func (s *settings) Resolve(c *kong.Context, _ *kong.Path, flag *kong.Flag) (any, error) {
	if variableOf(flag) == "" {
		return nil, nil
	}
	if v := s.env[variableOf(flag)]; v != "" {
		return v, nil
	}
	if flag.Name == "config" {
		return nil, nil
	}
	if err := s.load(c); err != nil {
		return nil, err
	}
	byFlag := map[string]string{
		"listen": s.config.Listen, "store": s.config.Store, "schema": s.config.Schema,
		"data-dir": s.config.DataDir, "seed": s.config.Seed,
	}
	if v := byFlag[flag.Name]; v != "" {
		return v, nil
	}
	return nil, nil
}

// load reads the configuration file once.
func (s *settings) load(c *kong.Context) error {
	if s.config != nil {
		return nil
	}
	name := s.env["FLORA_CONFIG"]
	for _, f := range c.Flags() {
		if f.Name != "config" {
			continue
		}
		if v, ok := c.FlagValue(f).(string); ok && v != "" {
			name = v
		}
	}
	config, err := loadConfig(name, s.env, flagVariables(c.Model.Node))
	if err != nil {
		return err
	}
	s.config = config
	return nil
}

// variableOf is the variable that sets a flag, "" for a flag that only the
// command line has.
func variableOf(flag *kong.Flag) string {
	if flag.Name == "help" || flag.Name == "version" || flag.Tag.Has("flagonly") {
		return ""
	}
	return ownPrefix + strings.ToUpper(strings.ReplaceAll(flag.Name, "-", "_"))
}

// flagVariables are the variables of all flags of all commands.
func flagVariables(n *kong.Node) map[string]bool {
	known := map[string]bool{}
	for _, flag := range n.Flags {
		known[variableOf(flag)] = true
	}
	for _, child := range n.Children {
		maps.Copy(known, flagVariables(child))
	}
	delete(known, "")
	return known
}

// versionFlag prints the version and ends the program.
type versionFlag bool

// BeforeReset runs as soon as the flag is seen.
func (versionFlag) BeforeReset(k *kong.Kong) error {
	k.Stdout.Write([]byte("flora " + version() + "\n"))
	k.Exit(0)
	return nil
}

func version() string {
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" && info.Main.Version != "(devel)" {
		return info.Main.Version
	}
	return "0.1.0-dev"
}
