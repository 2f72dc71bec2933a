package schema

import (
	"slices"
	"strconv"
	"strings"

	"flora.dev/flora/rules"
	"github.com/vektah/gqlparser/v2/ast"
)

// What stands on the schema itself: roles, named rules, grants on every
// collection.

// Role is a role that the schema gives: callers of the provider hold it where
// the condition is true.
type Role struct {
	Name     string
	Provider string   // "" for every provider
	Pos      Position // of the @role
}

// onSchema takes the directives of `schema` and `extend schema`.
func (l *loader) onSchema(list ast.DirectiveList) {
	sound := l.directives(list, ast.LocationSchema, "schema")
	for _, d := range list {
		if !slices.Contains(sound, d) {
			l.suspect[text(d, "name")] = true
		}
	}
	l.directivesOfSchema = append(l.directivesOfSchema, sound...)
}

// declarations enters what rules may use: the claims, then the roles, then the
// named rules.
func (a *accessPass) declarations() {
	if a.claims != nil {
		a.env.Declare(a.claims.list)
		a.schema.Claims = a.claims.list
	}
	var list []namedRule
	for _, d := range a.directivesOfSchema {
		switch d.Name {
		case "role":
			a.role(d)
		case "rule":
			if r, ok := a.named(d, list); ok {
				a.env.Define(r.name, r.on, r.expr.Raw)
				list = append(list, r)
			}
		}
	}
	a.schema.Held = map[string]rules.Pred{}
	for _, r := range a.schema.Roles {
		a.schema.Held[r.Name] = a.env.HasRole(r.Name)
	}
	a.resolve(list)
}

// roleName checks the name of a role and reports whether it is sound.
func (l *loader) roleName(owner string, arg *ast.Argument) bool {
	pos := l.src.pos(arg.Position)
	switch role := arg.Value.Raw; {
	case strings.TrimSpace(role) == "":
		l.fault(pos, remove, "%s: the role's name is empty", owner)
	case strings.HasPrefix(role, "flora:"):
		l.fault(pos, "use a role of your own", "%s: %s is a right of the control API, no role over data", owner, role)
	default:
		return true
	}
	return false
}

func (a *accessPass) role(d *ast.Directive) {
	r := Role{Name: text(d, "name"), Provider: text(d, "provider"), Pos: a.directivePos(d)}
	if !a.roleName("schema", d.Arguments.ForName("name")) {
		return
	}
	owner := "role " + r.Name
	if p := d.Arguments.ForName("provider"); p != nil && strings.TrimSpace(r.Provider) == "" {
		a.fault(a.src.pos(p.Position), remove, "%s: the provider's name is empty", owner)
		return
	}
	for _, other := range a.schema.Roles {
		if other.Name == r.Name && other.Provider == r.Provider {
			a.fault(r.Pos, "join the conditions with ||", "%s is given twice, first at %d:%d", owner, other.Pos.Line, other.Pos.Column)
			return
		}
	}
	a.schema.Roles = append(a.schema.Roles, r)
	when := d.Arguments.ForName("when").Value
	a.textFaults(owner, when, a.env.Role(r.Name, r.Provider, when.Raw))
}

// textFaults reports the faults of an expression unless it speaks of what was
// reported elsewhere.
func (l *loader) textFaults(owner string, v *ast.Value, faults []rules.Fault) {
	if !l.speaksOfSuspects(v.Raw) {
		l.ruleFaults(owner, v, faults)
	}
}

// namedRule is a @rule while it is loaded.
type namedRule struct {
	name string
	on   *rules.Object
	expr *ast.Value
	pos  Position
}

func (r namedRule) owner() string { return "rule " + r.name }

// ruleWords have a meaning in expressions already.
var ruleWords = []string{
	"doc", "oldDoc", "newDoc", "now", "anyone", "signedIn", "true", "false", "null",
	"CurrentIdentity", "CurrentToken", "CurrentUser", "HasCurrentIdentity", "HasRole",
	"has", "size", "exists", "exists_one", "all", "map", "filter", "matches", "contains", "startsWith", "endsWith",
	"bool", "bytes", "double", "duration", "dyn", "int", "list", "null_type", "string", "timestamp", "type", "uint",
	"as", "break", "const", "continue", "else", "for", "function", "if", "import", "in", "let", "loop", "namespace", "package", "return", "var", "void", "while",
}

// named reads a @rule. Its expression is judged when all are known.
func (a *accessPass) named(d *ast.Directive, before []namedRule) (r namedRule, ok bool) {
	name, on := d.Arguments.ForName("name").Value, d.Arguments.ForName("on").Value
	r = namedRule{name: name.Raw, expr: d.Arguments.ForName("expr").Value, pos: a.directivePos(d)}
	faults := len(a.faults)
	a.identifier(r.owner(), name)
	if slices.Contains(ruleWords, r.name) {
		a.fault(a.src.pos(name.Position), "rename it", "%s: the rule language has this name for itself", r.owner())
	}
	if _, taken := a.declared[strings.ToLower(r.name)]; taken {
		a.fault(a.src.pos(name.Position), "rename it", "%s: this is the name of a type", r.owner())
	}
	for _, o := range before {
		if o.name == r.name {
			a.fault(r.pos, "rename one", "%s is declared twice, first at %d:%d", r.owner(), o.pos.Line, o.pos.Column)
		}
	}
	var types []string
	for _, c := range a.collections {
		types = append(types, c.Name)
		if c.Name == on.Raw {
			r.on = c.Object
		}
	}
	if r.on == nil && !a.refused[on.Raw] && !a.suspect[on.Raw] {
		a.fault(a.src.pos(on.Position), didYouMean(on.Raw, types), "%s: there is no collection %s", r.owner(), on.Raw)
	}
	ok = r.on != nil && len(a.faults) == faults
	if !ok {
		a.suspect[r.name] = true
	}
	return r, ok
}

// resolve judges the named rules. One that only suffers from the fault of
// another is not reported; of rules that use each other in a circle, all are.
func (a *accessPass) resolve(list []namedRule) {
	faults := map[string][]rules.Fault{}
	for _, r := range list {
		if f := a.env.Resolve(r.name); len(f) > 0 && !a.speaksOfSuspects(r.expr.Raw) {
			faults[r.name] = f
		}
	}
	reported := false
	for pass := range 2 {
		for _, r := range list {
			if f := faults[r.name]; f != nil && (pass == 1 || !speaksOf(r.expr.Raw, func(w string) bool { return faults[w] != nil && w != r.name })) {
				a.ruleFaults(r.owner(), r.expr, f)
				reported = true
			}
		}
		if reported {
			break
		}
	}
	for name := range faults {
		a.suspect[name] = true
	}
}

// shared compiles the @auth of the schema for one collection.
func (a *accessPass) shared(c *collection) (result []grant) {
	for _, d := range a.directivesOfSchema {
		if d.Name != "auth" {
			continue
		}
		ok := a.enforced(d, "schema", false)
		if g := a.grant(c, d, "schema", false); ok {
			result = append(result, g)
		}
	}
	return result
}

// openToAll notes what the @auth of the schema grant, and warns of those that
// grant it to anyone.
func (a *accessPass) openToAll() {
	if len(a.collections) == 0 {
		return
	}
	for _, g := range a.shared(a.collections[0]) {
		var parts, open []string
		for _, action := range []rules.Action{rules.Read, rules.Create, rules.Update, rules.Delete} {
			p, ok := g.preds[action]
			if !ok {
				continue
			}
			name := [...]string{rules.Read: "read", rules.Create: "create", rules.Update: "update", rules.Delete: "delete"}[action]
			if p == rules.True {
				open = append(open, name)
			}
			if condition := g.texts[action]; strings.TrimSpace(condition) != "true" {
				name += " where " + condition
			}
			parts = append(parts, name)
		}
		who := "anyone"
		if g.role != "" {
			who = "role " + strconv.Quote(g.role)
		}
		a.schema.Grants = append(a.schema.Grants, Diagnostic{Pos: g.pos, Message: who + " on every collection: " + strings.Join(parts, ", ")})
		if len(open) > 0 && g.reason == "" {
			a.warn(g.pos, `say why with reason: "..."`, "schema: anyone can %s every document", strings.Join(open, ", "))
		}
	}
}
