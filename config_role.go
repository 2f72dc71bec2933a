package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"flora.dev/flora/schema"
)

// knowsProviders tells roles of a schema that could be given to callers of the
// wrong provider: where there are several, each role names its own.
func knowsProviders(s *schema.Schema, providers []string) (list schema.Diagnostics) {
	names := strings.Join(providers, ", ")
	for _, r := range s.Roles {
		switch {
		case r.Provider == "" && len(providers) > 1:
			list = append(list, schema.Diagnostic{Pos: r.Pos, Message: fmt.Sprintf("role %s names no provider, there are %s", r.Name, names)})
		case r.Provider != "" && !slices.Contains(providers, r.Provider):
			list = append(list, schema.Diagnostic{Pos: r.Pos, Message: fmt.Sprintf("role %s is for the provider %s, there are %s", r.Name, r.Provider, names)})
		}
	}
	return list
}

// unknownRoles tells what of the roles in a schema does not fit the providers
// of the configuration, if it has any: rules that ask for a role which nobody
// gives would never be true.
func (c *config) unknownRoles(s *schema.Schema) schema.Diagnostics {
	if len(c.Providers) == 0 {
		return nil
	}
	given, providers := map[string]bool{}, []string{}
	for _, p := range c.Providers {
		providers = append(providers, p.Name)
		for _, r := range p.Roles {
			given[r.Name] = true
		}
	}
	list := knowsProviders(s, providers)
	for _, r := range s.Roles {
		given[r.Name] = true
	}
	for _, name := range slices.Sorted(maps.Keys(s.RoleUses)) {
		if !given[name] {
			list = append(list, schema.Diagnostic{Pos: s.RoleUses[name], Message: fmt.Sprintf("role %s is asked for, and nobody gives it", name),
				Hint: fmt.Sprintf(`add it to the roles of a provider in %s, or extend schema @role(name: "%s", when: "...")`, c.file, name)})
		}
	}
	return list
}

// unusedRoles tells roles of the configuration that nothing in a schema asks
// for. Those of the control API are not of a schema.
func (c *config) unusedRoles(s *schema.Schema) (list []string) {
	for _, p := range c.Providers {
		for _, r := range p.Roles {
			if _, used := s.RoleUses[r.Name]; !used && !strings.HasPrefix(r.Name, "flora:") {
				list = append(list, fmt.Sprintf(`%s: role %s is given and asked for nowhere, say @auth(role: "%s", ...) or remove it`, r.at, r.Name, r.Name))
			}
		}
	}
	return list
}
