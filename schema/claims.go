package schema

import (
	"slices"

	"flora.dev/flora/rules"
	"github.com/vektah/gqlparser/v2/ast"
)

// claims are the claims that a schema declares, so that rules can name no others.
type claims struct {
	name string // of the type
	pos  Position
	list []rules.Claim
}

// claimsType reads a type marked @claims: no collection, it describes the token.
func (l *loader) claimsType(def *ast.Definition, fields ast.FieldList, directives []*ast.Directive) {
	owner := "type " + def.Name
	for _, d := range directives {
		if d.Name != "claims" {
			l.fault(l.directivePos(d), remove, "%s: @%s does not go on a @claims type", owner, d.Name)
		}
	}
	c := &claims{name: def.Name, pos: l.src.pos(def.Position)}
	if l.claims != nil {
		l.fault(c.pos, "keep one", "%s: the claims are declared by %s already", owner, l.claims.name)
	} else {
		l.claims = c
	}
	seen := map[string]bool{}
	for _, f := range fields {
		if seen[f.Name] {
			l.fault(l.src.pos(f.Position), remove, "%s.%s is declared twice", def.Name, f.Name)
			continue
		}
		seen[f.Name] = true
		if claim, ok := l.claim(def.Name+"."+f.Name, f); ok {
			c.list = append(c.list, claim)
		} else {
			l.suspect[f.Name] = true
		}
	}
}

// claim reads a field of a @claims type.
func (l *loader) claim(path string, f *ast.FieldDefinition) (c rules.Claim, ok bool) {
	before := len(l.faults)
	c = rules.Claim{Name: f.Name, Key: f.Name, Kind: kindOf(f.Type.Name()), List: f.Type.Elem != nil}
	if len(f.Arguments) > 0 {
		l.fault(l.src.pos(f.Arguments[0].Position), remove, "%s: a claim takes no arguments", path)
	}
	for _, d := range l.directives(f.Directives, ast.LocationFieldDefinition, path) {
		switch d.Name {
		case "claim":
			if c.Key = text(d, "name"); c.Key == "" {
				l.fault(l.directivePos(d), "leave it out for "+f.Name, "%s: the claim's name is empty", path)
			}
		case "deprecated":
		default:
			l.fault(l.directivePos(d), remove, "%s: @%s does not go on a claim", path, d.Name)
		}
	}
	pos := l.src.pos(f.Type.Position)
	kinds := []rules.Kind{rules.Bool, rules.Int, rules.Long, rules.Float, rules.String, rules.ID}
	switch elem := f.Type.Elem; {
	case elem != nil && elem.Elem != nil:
		l.fault(pos, "use a list", "%s: lists of lists are not supported", path)
	case !slices.Contains(kinds, c.Kind):
		l.fault(pos, "use Boolean, Int, Long, Float, String or ID", "%s: a claim is a scalar or a list of scalars, %s is none that a token can hold", path, f.Type.Name())
	case f.Type.NonNull:
		l.fault(pos, "remove the last !", "%s: a token may lack any claim", path)
	case elem != nil && !elem.NonNull:
		l.warn(pos, "write ["+f.Type.Name()+"!]", "%s: elements of a list are never null", path)
	}
	return c, len(l.faults) == before
}
