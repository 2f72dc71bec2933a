package rules

import "fmt"

// Slot compiles an expression that touches no document; nil after a fault.
func (e *Env) Slot(text string) *Slot {
	s := &source{env: e, text: text}
	root := s.parse()
	if root == nil || e.touches(root, nil) {
		return nil
	}
	return s.slot(root)
}

// ByCEL is the slot as CEL's evaluator computes it, for one that is computed
// directly; nil for others.
func (e *Env) ByCEL(slot *Slot) *Slot {
	s := &source{env: e, text: slot.Text}
	root := s.parse()
	if root == nil || slot.direct == nil {
		return nil
	}
	run, err := s.plan(root)
	if err != nil {
		panic("rules: plan of " + slot.Text + ": " + err.Error())
	}
	return &Slot{Text: slot.Text, typ: slot.typ, run: run}
}

// Read is the slot's value for a caller, as everything reads it.
func (s *Slot) Read(c *Caller) string {
	r := s.eval(c)
	out := fmt.Sprint(r.truth())
	for k := Bool; k <= Embedded; k++ {
		if v, ok := r.scalar(k); ok {
			out += fmt.Sprintf(", %s %T %v", k, v, v)
		}
		if v, tainted, ok := r.list(k); ok {
			out += fmt.Sprintf(", list of %s %q %t", k, v.V, tainted)
		}
	}
	return out
}
