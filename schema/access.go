package schema

import (
	"slices"
	"strings"

	"flora.dev/flora/rules"
	"github.com/vektah/gqlparser/v2/ast"
)

// access compiles every expression of the schema: rules, defaults, values
// set by the server.
func (l *loader) access() {
	users := l.identities()
	var objects []*rules.Object
	for _, c := range l.collections {
		objects = append(objects, c.Object)
	}
	a := &accessPass{loader: l, env: rules.NewEnv(objects, users)}
	a.declarations()
	for _, c := range l.collections {
		a.typeRules(c)
		for _, f := range c.fields {
			a.fieldRules(c, f)
			a.values(f)
			f.Checks = a.checks(c, f)
		}
		c.Checks = a.checks(c, nil)
	}
	a.openToAll()
	a.promotion()
	if len(a.faults) == 0 {
		a.diagnose()
	}
}

type accessPass struct {
	*loader
	env *rules.Env
}

// granted are the actions that an argument of @auth grants, none for those
// that grant nothing.
func granted(argument string) []rules.Action {
	switch argument {
	case "all":
		return []rules.Action{rules.Read, rules.Create, rules.Update, rules.Delete}
	case "write":
		return []rules.Action{rules.Create, rules.Update, rules.Delete}
	case "read":
		return []rules.Action{rules.Read}
	case "create":
		return []rules.Action{rules.Create}
	case "update":
		return []rules.Action{rules.Update}
	case "delete":
		return []rules.Action{rules.Delete}
	}
	return nil
}

// grant is one @auth: what it allows by action.
type grant struct {
	pos    Position
	preds  map[rules.Action]rules.Pred
	texts  map[rules.Action]string
	role   string
	reason string
}

// grants compiles the @auth directives of one place.
func (a *accessPass) grants(c *collection, list []*ast.Directive, owner string, onField bool) []grant {
	var result []grant
	for _, d := range list {
		if d.Name != "auth" {
			continue
		}
		ok := a.enforced(d, owner, onField)
		if g := a.grant(c, d, owner, onField); ok { // compiled in any case, for its faults
			result = append(result, g)
		}
	}
	return result
}

// enforced reports what an @auth says that nothing would enforce: silence
// would let its writer believe in a protection.
func (a *accessPass) enforced(d *ast.Directive, owner string, onField bool) bool {
	before := len(a.faults)
	given := func(name string) bool { return d.Arguments.ForName(name) != nil }
	at := func(name string) Position { return a.src.pos(d.Arguments.ForName(name).Position) }
	var actions []string
	for _, arg := range d.Arguments {
		if granted(arg.Name) != nil {
			actions = append(actions, arg.Name)
		}
	}
	if onField && given("delete") {
		a.fault(at("delete"), "put it on the type", "%s: a field is not deleted, @auth(delete:) has no meaning here", owner)
	}
	switch {
	case len(actions) == 0:
		hint := `say what it grants: @auth(read: "signedIn")`
		if given("role") {
			hint = `say what it grants: @auth(role: ` + d.Arguments.ForName("role").Value.String() + `, read: "true")`
		}
		a.fault(a.directivePos(d), hint, "%s: @auth grants no action", owner)
	case given("all") && len(actions) > 1:
		a.fault(at("all"), "keep one, or write two @auth", "%s: all is every action already, beside it stands %s", owner, others(actions, "all"))
	case given("write") && (given("create") || given("update") || given("delete")):
		a.fault(at("write"), "keep one, or write two @auth", "%s: write is create, update and delete already, beside it stands %s", owner, others(actions, "write", "read"))
	}
	if given("onDeny") {
		switch {
		case !onField:
			a.fault(at("onDeny"), "put it on a field", "%s: a document that is hidden is absent, onDeny goes on fields", owner)
		case !given("read") && !given("all"):
			a.fault(at("onDeny"), "add read", "%s: onDeny speaks of reading, this @auth has no read", owner)
		}
	}
	if given("role") {
		a.roleName(owner, d.Arguments.ForName("role"))
	}
	return len(a.faults) == before
}

func others(actions []string, but ...string) string {
	return strings.Join(slices.DeleteFunc(actions, func(s string) bool { return slices.Contains(but, s) }), ", ")
}

func (a *accessPass) grant(c *collection, d *ast.Directive, owner string, onField bool) grant {
	g := grant{pos: a.directivePos(d), preds: map[rules.Action]rules.Pred{}, texts: map[rules.Action]string{},
		role: text(d, "role"), reason: strings.TrimSpace(text(d, "reason"))}
	for _, arg := range d.Arguments {
		for _, action := range granted(arg.Name) {
			if onField && action == rules.Delete {
				continue
			}
			p := a.rule(c, action, owner, arg.Value)
			if role := text(d, "role"); role != "" && p != rules.False {
				if p == rules.True {
					p = a.env.HasRole(role)
				} else {
					p = rules.And{a.env.HasRole(role), p}
				}
			}
			g.preds[action], g.texts[action] = p, arg.Value.Raw
		}
	}
	return g
}

// rule compiles one expression. A broken one grants nothing.
func (a *accessPass) rule(c *collection, action rules.Action, owner string, v *ast.Value) rules.Pred {
	p, faults := a.env.Rule(c.Object, action, v.Raw)
	if len(faults) > 0 {
		if !a.speaksOfSuspects(v.Raw) {
			a.ruleFaults(owner, v, faults)
		}
		return rules.False
	}
	return p
}

// either is the OR of all grants for an action, each decided alone. Its Pred
// is nil where there is none.
func either(list []grant, action rules.Action) Rule {
	var r Rule
	var any rules.Or
	for _, g := range list {
		p, ok := g.preds[action]
		if !ok {
			continue
		}
		if r.Pred == nil {
			r.Pred, r.Pos = rules.False, g.pos
		}
		r.Grants = append(r.Grants, Grant{Pred: p, Text: g.texts[action], Role: g.role, Reason: g.reason, Pos: g.pos})
		switch p {
		case rules.True:
			r.Pred = rules.True
		case rules.False:
		default:
			any = append(any, p)
		}
	}
	switch {
	case r.Pred == rules.True || len(any) == 0:
	case len(any) == 1:
		r.Pred = any[0]
	default:
		r.Pred = any
	}
	return r
}

func (a *accessPass) typeRules(c *collection) {
	list := a.grants(c, c.directives, "type "+c.Name, false)
	c.grants = list
	list = append(list[:len(list):len(list)], a.shared(c)...)
	deny := func(r Rule) Rule { // default deny
		if r.Pred == nil {
			return Rule{Pred: rules.False, Pos: c.Pos}
		}
		return r
	}
	c.Access = Access{
		Read:   deny(either(list, rules.Read)),
		Create: deny(either(list, rules.Create)),
		Update: deny(either(list, rules.Update)),
		Delete: deny(either(list, rules.Delete)),
	}
}

func (a *accessPass) fieldRules(c *collection, f *field) {
	before := len(a.faults)
	list := a.grants(c, f.directives, f.Path(), true)
	f.misread = len(a.faults) > before
	f.Read = either(list, rules.Read)
	f.Create = either(list, rules.Create)
	f.Update = either(list, rules.Update)
	for _, d := range f.directives {
		if d.Name == "auth" && text(d, "onDeny") == "ERROR" {
			f.DenyError = true
		}
	}
}

// values compiles @default and @set.
func (a *accessPass) values(f *field) {
	def, set := f.directive("default"), f.directive("set")
	if def != nil && set != nil {
		a.fault(a.directivePos(def), "keep one", "%s: a value that the server sets needs no @default", f.Path())
	}
	for _, d := range []*ast.Directive{def, set} {
		if d != nil && f.Column == "" {
			a.fault(a.directivePos(d), f.elsewhere(), "%s: @%s goes on fields with a column, this is one side of a relation", f.Path(), d.Name)
			return
		}
	}
	if def != nil {
		f.Default = a.value(f, def)
	}
	if set == nil {
		return
	}
	f.Set = a.value(f, set)
	for _, v := range elements(set, "on") {
		f.SetOnCreate = f.SetOnCreate || v.Raw == "CREATE"
		f.SetOnUpdate = f.SetOnUpdate || v.Raw == "UPDATE"
	}
	switch pos := a.directivePos(set); {
	case !f.SetOnCreate && !f.SetOnUpdate:
		a.fault(pos, "write on: [CREATE, UPDATE]", "%s: @set(on:) is empty", f.Path())
	case !f.SetOnCreate && f.NonNull:
		a.fault(pos, "write on: [CREATE, UPDATE]", "%s: the field is required and clients cannot set it, so a new document would have no value", f.Path())
	}
}

func (a *accessPass) value(f *field, d *ast.Directive) *rules.Expr {
	v := d.Arguments.ForName("expr").Value
	x, faults := a.env.Value(f.Field.Field, v.Raw)
	if len(faults) > 0 {
		if !a.speaksOfSuspects(v.Raw) {
			a.ruleFaults(f.Path(), v, faults)
		}
		return nil
	}
	if c, ok := x.Const(); ok && c.V == nil && f.NonNull {
		a.fault(a.src.pos(v.Position), "", "%s: @%s is null, the field is required", f.Path(), d.Name)
	}
	return x
}

// promotion refuses fields that decide what their own writer may do: those
// that any rule reads through CurrentUser(), and the one that makes a document
// the caller's.
func (a *accessPass) promotion() {
	read := a.env.UserFields()
	for _, c := range a.collections {
		for _, f := range c.fields {
			identity := f.Field.Field == c.Identity
			if !identity && !slices.Contains(read, f.Field.Field) {
				continue
			}
			if f.directive("set") != nil || f.Create.Pred != nil && f.Update.Pred != nil {
				continue
			}
			if f.misread || len(f.directives) < len(f.def.Directives) {
				continue // a directive of it was reported
			}
			why := "rules read it through CurrentUser()"
			if identity {
				why = "it links callers to their documents"
			}
			missing := "a create and an update rule"
			switch {
			case f.Create.Pred != nil:
				missing = "an update rule"
			case f.Update.Pred != nil:
				missing = "a create rule"
			}
			a.fault(f.Pos, `for example @auth(create: "...", update: "false"), or @set`, "%s needs %s of its own: %s, so who may set it must be said", f.Path(), missing, why)
		}
	}
}
