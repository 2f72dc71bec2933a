package sqlgen

import (
	"fmt"
	"strconv"
	"strings"

	"flora.dev/flora/rules"
	"flora.dev/flora/store"
)

// Statement is SQL text with the values of its parameters. Parameter i of the
// text (from 1) is Args[i-1].
type Statement struct {
	SQL   string
	Args  []Arg
	Given []rules.Value // for the arguments that are a rules.Given, by number
}

// Arg is the value of a parameter. Value.Kind and List give its type even
// where it is null.
type Arg struct {
	Name  string // p1, p2, ...
	Value rules.Value
}

// Value is the value of Args[i].
func (s *Statement) Value(i int) rules.Value {
	v := s.Args[i].Value
	if n, ok := v.V.(rules.Given); ok && int(n) < len(s.Given) {
		v.V = canonical(s.Given[n].V)
	}
	return v
}

// printer writes one statement.
type printer struct {
	*Dialect
	buf    []byte
	args   []Arg
	shared map[shared]string // parameters by value, inside caller sets
	scopes map[rules.Var]*scope
	alias  int       // last number given to a document
	fresh  rules.Var // last variable made here, negative
	err    error

	weight
	inSets weight // of the texts of the sets

	root   *store.Select // that is printed, of a query
	needs  *[]Need       // noted if not nil
	inline bool          // caller sets are printed in place, not as CTEs
	sets   []set         // CTEs in the order of their text
	inSet  int           // depth of caller sets being printed
}

// shared is a value that several places of a statement have in common.
type shared struct {
	kind rules.Kind
	list bool
	v    any
}

// scope is how a document variable is printed.
type scope struct {
	name string // alias, or quoted table in a write
	bare bool   // columns stand without a qualifier
	key  string // what stands for the key of a hop that is not read, "" for others
	// used are the columns that the outer half of a page needs of its inner
	// half, kept while record is set.
	record bool
	used   []*rules.Field
}

func (d *Dialect) printer() *printer {
	return &printer{Dialect: d, scopes: map[rules.Var]*scope{}, buf: make([]byte, 0, 1024)}
}

func (p *printer) statement() (Statement, error) {
	if p.err != nil {
		return Statement{}, p.err
	}
	return Statement{SQL: string(p.buf), Args: p.args}, nil
}

// limited is the statement if a store certainly takes it.
func (p *printer) limited() (Statement, error) {
	if err := p.tooLarge(); err != nil {
		return Statement{}, err
	}
	return p.statement()
}

// fail notes a statement that cannot be printed. Printing goes on with FALSE.
func (p *printer) fail(format string, args ...any) {
	if p.err == nil {
		p.err = fmt.Errorf("print statement: "+format, args...)
	}
	p.put("FALSE")
}

func (p *printer) put(parts ...string) {
	for _, s := range parts {
		p.buf = append(p.buf, s...)
	}
}

// text returns what f prints, without printing it.
func (p *printer) text(f func()) string {
	start := len(p.buf)
	f()
	s := string(p.buf[start:])
	p.buf = p.buf[:start]
	return s
}

// fill prints a template.
func (p *printer) fill(template string, operands ...string) {
	p.buf = fill(p.buf, template, operands...)
}

func fill(buf []byte, template string, operands ...string) []byte {
	for {
		i := strings.IndexByte(template, '$')
		if i < 0 {
			return append(buf, template...)
		}
		buf = append(buf, template[:i]...)
		buf = append(buf, operands[template[i+1]-'1']...)
		template = template[i+2:]
	}
}

// newAlias returns a name that no collection and no other document has:
// collection names never begin with an underscore.
func (p *printer) newAlias(letter string) string {
	p.alias++
	return "_" + letter + strconv.Itoa(p.alias)
}

// bind declares a document variable; the result ends it.
func (p *printer) bind(v rules.Var, s *scope) (unbind func()) {
	before := p.scopes[v]
	p.scopes[v] = s
	return func() { p.scopes[v] = before }
}

// param adds a parameter and returns its spelling. Inside caller sets equal
// values share one, so that equal sets have equal text; elsewhere each
// occurrence has its own, so that the text does not depend on which values
// happen to be equal.
func (p *printer) param(v rules.Value) string {
	v.V = canonical(v.V)
	key := shared{v.Kind, v.List, v.V}
	if p.inSet > 0 {
		if v.List {
			key.v = fmt.Sprintf("%#v", v.V) // a slice is no key
		}
		if text, ok := p.shared[key]; ok {
			return text
		}
	}
	number := strconv.Itoa(len(p.args) + 1)
	p.args = append(p.args, Arg{Name: "p" + number, Value: v})
	text := p.Dialect.param + number
	if p.inSet > 0 {
		if p.shared == nil {
			p.shared = map[shared]string{}
		}
		p.shared[key] = text
	}
	return text
}

func (p *printer) limit(n int) {
	p.put(" LIMIT ")
	if len(p.args) >= ownMarks {
		p.put(p.unplanned)
	}
	p.put(p.param(rules.Value{Kind: rules.Long, V: int64(n)}))
}

// ownMarks is how many parameters of a statement have a mark of their own in SQLite
// for whether their value matters to the plan. The others share one, so that
// binding any of them would prepare the statement anew.
// https://sqlite.org/src/file/src/vdbeaux.c
const ownMarks = 31

// canonical drops the sign of a zero, which SQLite does not store.
func canonical(v any) any {
	switch x := v.(type) {
	case float64:
		if x == 0 {
			return 0.0
		}
	case []any:
		for i, e := range x {
			if f, ok := e.(float64); ok && f == 0 && 1/f < 0 {
				c := append([]any(nil), x...)
				for j := i; j < len(c); j++ {
					c[j] = canonical(c[j])
				}
				return c
			}
		}
	}
	return v
}

// quote spells a name. Backticks are read as names, never as strings, by both
// engines. Names are GraphQL names or were checked by schema.
func quote(name string) string { return "`" + name + "`" }
