package rules

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/operators"
	"github.com/agnivade/levenshtein"
)

// Limits of one expression.
const (
	maxText    = 8 << 10 // bytes
	maxNodes   = 500
	maxNesting = 40
	maxHops    = 3    // relations followed one behind the other
	maxInlined = 2000 // nodes of a rule with the named rules in it
)

// names that expressions may use beside doc, oldDoc and newDoc.
var (
	callNames  = []string{"CurrentIdentity", "CurrentToken", "CurrentUser", "HasCurrentIdentity", "HasRole"}
	identNames = []string{"signedIn", "anyone", "now"}

	documentNames = []string{"doc", "oldDoc", "newDoc"}
)

// Env compiles the expressions of one schema. It is not safe for use by
// several goroutines; what it compiles is.
type Env struct {
	cel, strict *cel.Env
	objects     []*Object
	claims      []Claim
	users       []*Object
	named       map[string]*named
	roles       map[string][]Pred // of the schema: any of them gives the role
	slots       map[string]*Slot  // by text, so that equal slots are computed once
	userFields  []*Field
	nextVar     Var
	inlined     int // nodes of named rules in the rule being lowered
}

// NewEnv returns an Env. The objects must be complete: fields, relations,
// identity. users are the collections with an identity field.
func NewEnv(objects, users []*Object) *Env {
	for _, o := range objects {
		o.Key.prepare()
	}
	return &Env{cel: newCEL(nil), strict: newStrictCEL(), objects: objects, users: users, named: map[string]*named{},
		roles: map[string][]Pred{}, slots: map[string]*Slot{}, nextVar: New + 1}
}

// newCEL returns the environment that parses expressions and checks the parts
// that touch no document.
// With claims declared, CurrentToken() is an object of those alone.
func newCEL(claims []Claim) *cel.Env {
	token := cel.MapType(cel.StringType, cel.DynType)
	options := []cel.EnvOption{}
	if claims != nil {
		token = cel.ObjectType(claimsType)
		options = append(options, cel.CustomTypeProvider(newClaimsProvider(claims)))
	}
	env, err := cel.NewEnv(append(options,
		cel.ParserRecursionLimit(maxNesting*4), // the grammar recurses several times per level
		cel.ParserExpressionSizeLimit(maxText),
		cel.EnableMacroCallTracking(), // lets slots be printed
		cel.CrossTypeNumericComparisons(true),
		cel.Variable("signedIn", cel.BoolType),
		cel.Variable("anyone", cel.BoolType),
		cel.Variable("now", cel.TimestampType),
		cel.Function("CurrentIdentity", cel.Overload("current_identity", nil, cel.StringType)),
		cel.Function("CurrentToken", cel.Overload("current_token", nil, token)),
		cel.Function("HasCurrentIdentity", cel.Overload("has_current_identity", nil, cel.BoolType)),
		cel.Function("HasRole", cel.Overload("has_role", []*cel.Type{cel.StringType}, cel.BoolType)),
	)...)
	if err != nil {
		panic(fmt.Sprintf("rules: CEL environment: %v", err))
	}
	return env
}

// source is one parsed expression.
type source struct {
	env    *Env
	text   string
	info   *ast.SourceInfo
	faults []Fault
}

// parse parses text and checks its size and names; idents are the documents it
// may speak of. It returns nil where there are faults.
func (s *source) parse(idents ...string) ast.Expr {
	if len(s.text) > maxText {
		s.faults = append(s.faults, Fault{Message: fmt.Sprintf("the expression has %d bytes, at most %d are allowed", len(s.text), maxText)})
		return nil
	}
	if strings.TrimSpace(s.text) == "" {
		s.faults = append(s.faults, Fault{Message: "the expression is empty", Hint: `write "true", "false" or a condition`})
		return nil
	}
	parsed, issues := s.env.cel.Parse(s.text)
	if issues.Err() != nil {
		for _, e := range issues.Errors() {
			s.faults = append(s.faults, syntaxFault(s.text, e))
		}
		return nil
	}
	s.info = parsed.NativeRep().SourceInfo()
	root := parsed.NativeRep().Expr()
	nodes, depth := measure(root)
	if nodes > maxNodes || depth > maxNesting {
		s.faults = append(s.faults, Fault{Message: fmt.Sprintf("the expression has %d nodes nested %d deep, at most %d and %d are allowed", nodes, depth, maxNodes, maxNesting)})
		return nil
	}
	s.checkNames(root, append(idents, identNames...))
	if len(s.faults) > 0 {
		return nil
	}
	return root
}

func syntaxFault(text string, e *cel.Error) Fault {
	f := Fault{Message: e.Message, Offset: offsetOf(text, e.Location.Line(), e.Location.Column())}
	f.Message = "syntax error: " + strings.TrimPrefix(f.Message, "Syntax error: ")
	if i := strings.Index(f.Message, " expecting {"); i > 0 { // the whole token set helps nobody
		f.Message = f.Message[:i]
	}
	if strings.Contains(f.Message, "'='") || strings.Contains(f.Message, "at: '='") {
		f.Hint = "use =="
	}
	if rest := text[byteOffset(text, f.Offset):]; strings.HasPrefix(rest, "=") && !strings.HasPrefix(rest, "==") {
		f.Hint = "use =="
	}
	return f
}

// offsetOf turns CEL's line and column (from 1 and 0) into a code point offset.
func offsetOf(text string, line, col int) int {
	off := 0
	for _, l := range strings.SplitAfter(text, "\n") {
		if line--; line <= 0 {
			break
		}
		off += utf8.RuneCountInString(l)
	}
	return off + max(col, 0)
}

func byteOffset(text string, runes int) int {
	for i := range text {
		if runes == 0 {
			return i
		}
		runes--
	}
	return len(text)
}

func (s *source) fault(e ast.Expr, hint, format string, args ...any) {
	s.faults = append(s.faults, Fault{Offset: s.offset(e), Message: fmt.Sprintf(format, args...), Hint: hint})
}

// offset is where the expression begins: the smallest offset in its tree.
func (s *source) offset(e ast.Expr) int {
	least := -1
	walk(e, func(x ast.Expr) bool {
		r, ok := s.info.GetOffsetRange(x.ID())
		if !ok {
			return true
		}
		start := int(r.Start)
		if x.Kind() == ast.CallKind && !x.AsCall().IsMemberFunction() {
			if name := x.AsCall().FunctionName(); name[0] != '_' && name[0] != '@' && name[0] != '!' {
				start -= len(name) // CEL notes the parenthesis
			}
		}
		if least < 0 || start < least {
			least = start
		}
		return true
	})
	return max(least, 0)
}

// show is the text of a simple expression, for messages.
func show(e ast.Expr) string {
	switch e.Kind() {
	case ast.IdentKind:
		return e.AsIdent()
	case ast.SelectKind:
		return show(e.AsSelect().Operand()) + "." + e.AsSelect().FieldName()
	case ast.LiteralKind:
		if v, ok := e.AsLiteral().Value().(string); ok {
			return "'" + v + "'"
		}
		return fmt.Sprint(e.AsLiteral().Value())
	case ast.CallKind:
		c := e.AsCall()
		args := make([]string, 0, 4)
		for _, a := range c.Args() {
			args = append(args, show(a))
		}
		switch {
		case c.FunctionName() == operators.Index && len(args) == 2:
			return args[0] + "[" + args[1] + "]"
		case c.IsMemberFunction():
			return show(c.Target()) + "." + c.FunctionName() + "(" + strings.Join(args, ", ") + ")"
		}
		if op, ok := operators.FindReverse(c.FunctionName()); ok && len(args) == 2 {
			return args[0] + " " + op + " " + args[1]
		} else if ok && len(args) == 1 {
			return op + args[0]
		}
		return c.FunctionName() + "(" + strings.Join(args, ", ") + ")"
	}
	return "the expression"
}

// walk visits e and everything below it, until visit returns false.
func walk(e ast.Expr, visit func(ast.Expr) bool) {
	if !visit(e) {
		return
	}
	for _, c := range children(e) {
		walk(c, visit)
	}
}

func children(e ast.Expr) []ast.Expr {
	switch e.Kind() {
	case ast.CallKind:
		c := e.AsCall()
		if c.IsMemberFunction() {
			return append([]ast.Expr{c.Target()}, c.Args()...)
		}
		return c.Args()
	case ast.SelectKind:
		return []ast.Expr{e.AsSelect().Operand()}
	case ast.ListKind:
		return e.AsList().Elements()
	case ast.MapKind:
		var out []ast.Expr
		for _, m := range e.AsMap().Entries() {
			out = append(out, m.AsMapEntry().Key(), m.AsMapEntry().Value())
		}
		return out
	case ast.ComprehensionKind:
		c := e.AsComprehension()
		return []ast.Expr{c.IterRange(), c.AccuInit(), c.LoopCondition(), c.LoopStep(), c.Result()}
	}
	return nil
}

func measure(e ast.Expr) (nodes, depth int) {
	nodes = 1
	for _, c := range children(e) {
		n, d := measure(c)
		nodes += n
		depth = max(depth, d)
	}
	return nodes, depth + 1
}

// checkNames reports every unknown name, with the nearest known one.
func (s *source) checkNames(e ast.Expr, idents []string) {
	switch e.Kind() {
	case ast.IdentKind:
		name := e.AsIdent()
		for _, k := range idents {
			if k == name {
				return
			}
		}
		hint := nearest(name, append(idents, callNames...))
		switch name {
		case "oldDoc", "newDoc", "doc":
			s.fault(e, "", "%s does not exist in this rule", name)
			return
		case "string", "int", "uint", "double", "bool", "bytes", "list", "map", "type", "null_type":
			return
		}
		if s.env.collection(name) != nil {
			s.fault(e, "use "+name+".exists(x, ...)", "%s is a collection and no value", name)
			return
		}
		s.fault(e, hint, "%s is unknown", name)
		return
	case ast.CallKind:
		name := e.AsCall().FunctionName()
		known := name == "CurrentUser" || s.env.named[name] != nil || s.env.cel.HasFunction(name)
		if !known {
			names := append([]string{"exists", "all", "startsWith", "endsWith", "contains", "size", "has"}, callNames...)
			for n := range s.env.named {
				names = append(names, n)
			}
			slices.Sort(names)
			s.fault(e, nearest(name, names), "%s is unknown", name)
		}
		s.checkClaim(e)
		if name == "HasRole" {
			s.checkRole(e.AsCall().Args())
		}
	case ast.SelectKind:
		s.checkClaim(e)
	case ast.StructKind: // children does not look into one
		s.fault(e, "", "%s{...} is not available in rules", e.AsStruct().TypeName())
		return
	case ast.ComprehensionKind:
		c := e.AsComprehension()
		if r := c.IterRange(); r.Kind() != ast.IdentKind || slices.Contains(idents, r.AsIdent()) || s.env.collection(r.AsIdent()) == nil {
			s.checkNames(r, idents)
		}
		for _, name := range []string{c.IterVar(), c.IterVar2()} {
			if slices.Contains(documentNames, name) || slices.Contains(identNames, name) {
				s.fault(e, "call it something else", "%s has a meaning of its own and cannot name an element", name)
			}
		}
		inner := append([]string{c.IterVar(), c.AccuVar()}, idents...)
		if c.HasIterVar2() {
			inner = append(inner, c.IterVar2())
		}
		for _, x := range []ast.Expr{c.AccuInit(), c.LoopCondition(), c.LoopStep(), c.Result()} {
			s.checkNames(x, inner)
		}
		return
	}
	for _, c := range children(e) {
		s.checkNames(c, idents)
	}
}

// checkRole refuses rights of the control API: they say nothing about data.
func (s *source) checkRole(args []ast.Expr) {
	for _, a := range args {
		if a.Kind() != ast.LiteralKind {
			continue
		}
		if role, ok := a.AsLiteral().Value().(string); ok && strings.HasPrefix(role, "flora:") {
			s.fault(a, "use a role of your own", "%s is a right of the control API, no role over data", role)
		}
	}
}

// nearest suggests a known name for a misspelt one.
func nearest(name string, known []string) string {
	best, least := "", 4
	for _, k := range known {
		if d := levenshtein.ComputeDistance(strings.ToLower(name), strings.ToLower(k)); d < least && d < len(name) {
			best, least = k, d
		}
	}
	if best == "" {
		return ""
	}
	if slices.Contains(callNames, best) {
		best += "()"
	}
	return "Did you mean " + best + "?"
}
