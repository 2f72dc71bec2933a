package schema

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"flora.dev/flora/rules"
	"github.com/vektah/gqlparser/v2/ast"
)

// maxSize bounds a schema file, in bytes.
const maxSize = 1 << 20

// Load reads a developer's schema. The error is Diagnostics: all faults, by
// position. Load does no I/O; file is the name that messages show.
func Load(file string, sdl []byte) (*Schema, error) {
	l := &loader{
		src:        newSource(file, string(sdl)),
		vocabulary: newVocabulary(),
		declared:   map[string]declaration{},
		refused:    map[string]bool{},
		suspect:    map[string]bool{},
		enums:      map[string]*Enum{},
		embeddeds:  map[string]*embedded{},
		schema:     &Schema{File: file, SDL: string(sdl), misfits: map[string]bool{}},
	}
	switch {
	case len(sdl) > maxSize:
		l.fault(l.src.at(0), "", "the file is larger than %d bytes", maxSize)
	case !utf8.Valid(sdl):
		at := 0 // of the first invalid byte: decoding gave U+FFFD for it
		for rest := sdl; utf8.RuneLen(first(rest)) > 0; at++ {
			_, n := utf8.DecodeRune(rest)
			rest = rest[n:]
		}
		l.fault(l.src.at(at), "save it as UTF-8", "the file is not valid UTF-8")
	default:
		l.load()
	}
	if len(l.faults) > 0 {
		return nil, Diagnostics(sorted(l.faults))
	}
	l.schema.Warnings = sorted(l.schema.Warnings)
	return l.schema, nil
}

// first decodes the first rune of b, -1 where there is none or it is invalid.
func first(b []byte) rune {
	r, n := utf8.DecodeRune(b)
	if r == utf8.RuneError && n <= 1 {
		return -1
	}
	return r
}

// loader is the state of one Load. A pass that finds a fault goes on with
// what is sound, so that later passes report theirs too.
type loader struct {
	src        *source
	vocabulary vocabulary
	schema     *Schema
	faults     []Diagnostic
	declared   map[string]declaration // types by name in lower case
	refused    map[string]bool        // types that were reported as a whole
	// suspect are names that broken or refused parts declare. A rule that
	// speaks of one cannot be judged.
	suspect     map[string]bool
	enums       map[string]*Enum
	collections []*collection
	claims      *claims
	embeddeds   map[string]*embedded
	inputs      []*ast.Definition // input types of the developer's own
	roots       []declaredRoot
	uniqueKeys  []*field // of one-to-one relations
	// directivesOfSchema are the sound ones on the schema itself.
	directivesOfSchema []*ast.Directive
}

// collection is a collection while it is loaded.
type collection struct {
	*Collection
	def        *ast.Definition
	directives []*ast.Directive
	fields     []*field
	grants     []grant
}

// field is a field while it is loaded.
type field struct {
	*Field
	def        *ast.FieldDefinition
	directives []*ast.Directive
	target     *collection // of a relation
	list       bool        // a list of collections
	relation   *ast.Directive
	misread    bool // its rules were reported
}

func (f *field) directive(name string) *ast.Directive { return named(f.directives, name) }

func named(list []*ast.Directive, name string) *ast.Directive {
	for _, d := range list {
		if d.Name == name {
			return d
		}
	}
	return nil
}

func (l *loader) load() {
	l.types(l.parse())
	l.embeddedFields()
	for _, c := range l.collections {
		l.collection(c)
	}
	l.relations()
	for _, c := range l.collections {
		l.finish(c)
	}
	if len(l.collections) == 0 && len(l.faults) == 0 {
		l.fault(l.src.at(0), "declare an object type: type Product { name: String! }", "the schema has no collection")
	}
	l.keys()
	l.access()
	l.checkInputs()
	if len(l.faults) > 0 {
		l.names()
		return
	}
	if l.names() {
		l.derive()
	}
}

// finish hands the sound fields to the model.
func (l *loader) finish(c *collection) {
	for _, f := range c.fields {
		c.Collection.Fields = append(c.Collection.Fields, f.Field)
		c.Object.Fields = append(c.Object.Fields, f.Field.Field)
	}
	l.schema.Collections = append(l.schema.Collections, c.Collection)
}

func (l *loader) fault(pos Position, hint, format string, args ...any) {
	l.faults = append(l.faults, Diagnostic{Pos: pos, Message: fmt.Sprintf(format, args...), Hint: hint})
}

func (l *loader) warn(pos Position, hint, format string, args ...any) {
	l.schema.Warnings = append(l.schema.Warnings, Diagnostic{Pos: pos, Message: fmt.Sprintf(format, args...), Hint: hint})
}

// ruleFaults reports the faults of an expression at their places in it.
func (l *loader) ruleFaults(owner string, v *ast.Value, faults []rules.Fault) {
	for _, f := range faults {
		hint := f.Hint
		if strings.HasPrefix(hint, "Did ") {
			hint = "d" + hint[1:]
		}
		l.fault(l.src.inString(v, f.Offset), hint, "%s: %s", owner, f.Message)
	}
}

// speaksOfSuspects reports whether an expression uses a name that a fault
// reported elsewhere left undeclared.
func (l *loader) speaksOfSuspects(text string) bool {
	return speaksOf(text, func(word string) bool { return l.suspect[word] })
}

// speaksOf reports whether an expression has a word that is one of those.
func speaksOf(text string, is func(word string) bool) bool {
	for word := range strings.FieldsFuncSeq(text, func(r rune) bool {
		return r != '_' && (r < '0' || r > '9') && (r|0x20 < 'a' || r|0x20 > 'z')
	}) {
		if is(word) {
			return true
		}
	}
	return false
}
