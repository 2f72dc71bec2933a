package rules

import (
	"fmt"
	"strconv"
	"strings"
)

// Print prints a predicate with its variables numbered by first use, so that
// two predicates that differ only in variables print alike. Old and New print
// as oldDoc and newDoc. Values are printed: for tests and explanations, not
// for logs.
func Print(p Pred) string {
	w := printer{vars: map[Var]int{}}
	w.pred(p)
	return w.String()
}

type printer struct {
	strings.Builder
	vars map[Var]int
}

func (w *printer) name(v Var) string {
	switch v {
	case Old:
		return "oldDoc"
	case New:
		return "newDoc"
	}
	n, ok := w.vars[v]
	if !ok {
		n = len(w.vars) + 1
		w.vars[v] = n
	}
	return "v" + strconv.Itoa(n)
}

func (w *printer) join(sep string, ps []Pred) {
	w.WriteByte('(')
	for i, p := range ps {
		if i > 0 {
			w.WriteString(sep)
		}
		w.pred(p)
	}
	w.WriteByte(')')
}

func (w *printer) call(name string, args ...any) {
	w.WriteString(name + "(")
	for i, a := range args {
		if i > 0 {
			w.WriteString(", ")
		}
		switch a := a.(type) {
		case Pred:
			w.pred(a)
		case Operand:
			w.operand(a)
		case Var:
			w.WriteString(w.name(a))
		default:
			fmt.Fprint(w, a)
		}
	}
	w.WriteByte(')')
}

var (
	opNames    = [...]string{Eq: "==", Ne: "!=", Lt: "<", Le: "<=", Gt: ">", Ge: ">="}
	matchNames = [...]string{StartsWith: "startsWith", EndsWith: "endsWith", Contains: "contains"}
	truthNames = [...]string{Unknown: "unknown", False: "false", True: "true"}
)

func (t Truth) String() string { return truthNames[t] }

func (w *printer) pred(p Pred) {
	switch p := p.(type) {
	case Truth:
		w.WriteString(p.String())
	case And:
		w.join(" && ", p)
	case Or:
		w.join(" || ", p)
	case Not:
		w.call("!", p.P)
	case If:
		w.call("if", p.Cond, p.Then, p.Else)
	case Test:
		w.operand(p.X)
	case NotTest:
		w.call("false", p.X)
	case Cmp:
		w.operand(p.L)
		w.WriteString(" " + opNames[p.Op] + " ")
		w.operand(p.R)
	case IsNull:
		w.call("isNull", p.X)
	case NotNull:
		w.call("notNull", p.X)
	case In:
		name := "in"
		if p.Tainted {
			name = "in?"
		}
		w.call(name, p.X, p.List)
	case NotIn:
		w.call("notIn", p.X, p.List)
	case Match:
		w.call(matchNames[p.Op], p.X, p.Y)
	case NoMatch:
		w.call("!"+matchNames[p.Op], p.X, p.Y)
	case One:
		target := p.Target.Name
		if p.Key != nil {
			target = p.Key.Path()
		}
		w.call("one", p.Var, target, p.From, p.Domain, p.Body)
	case Many:
		name := "exists"
		if p.All {
			name = "all"
		}
		if p.Object != nil {
			w.call(name, p.Var, p.Object.Name, p.Domain, p.Body)
		} else {
			w.call(name, p.Var, p.Field.Path(), p.Of, p.Domain, p.Body)
		}
	case None:
		if p.Object != nil {
			w.call("none", p.Var, p.Object.Name, p.Body)
		} else {
			w.call("none", p.Var, p.Field.Path(), p.Of, p.Body)
		}
	case User:
		w.call("user", p.Var, p.Object.Name, p.Identity, p.Body)
	case Definite:
		w.call("definite", p.P)
	case NotTrue:
		w.call("notTrue", p.P)
	case Guard:
		w.call("guard", p.Rule, p.P)
	case SlotTest:
		w.WriteString("{" + p.Slot.Text + "}")
	case nil:
		w.WriteString("-")
	}
}

func (w *printer) value(v any) {
	switch v := v.(type) {
	case nil:
		w.WriteString("null")
	case string:
		w.WriteString(strconv.Quote(v))
	case []any:
		w.WriteByte('[')
		for i, e := range v {
			if i > 0 {
				w.WriteByte(' ')
			}
			w.value(e)
		}
		w.WriteByte(']')
	case Given: // as no value that is known
		w.WriteString("$" + strconv.Itoa(int(v)))
	default:
		fmt.Fprintf(w, "%v", v)
	}
}

func (w *printer) operand(x Operand) {
	switch x := x.(type) {
	case Col:
		w.WriteString(w.name(x.Var) + "." + x.Field.Name)
	case Val:
		w.value(x.Value.V)
	case SlotRef:
		w.WriteString("{" + x.Slot.Text + "}")
	case Size:
		w.call("size", x.X)
	case Far:
		w.call("far", x.Var, x.Target.Name, x.From, x.Where, x.Value)
	case Count:
		w.call("count", x.Var, x.Field.Path(), x.Of, x.Where)
	case Member:
		w.operand(x.X)
		w.WriteString("." + x.Path)
	case UserVal:
		w.call("userVal", x.Object.Name, x.Identity, x.Field.Name)
	case Sum:
		w.call("sum", x.X, Operand(Val{x.By}))
	case Joined:
		if x.Front {
			w.call("join", Operand(Val{x.Add}), x.List)
		} else {
			w.call("join", x.List, Operand(Val{x.Add}))
		}
	case Without:
		w.call("without", x.List, Operand(Val{x.Drop}))
	}
}
