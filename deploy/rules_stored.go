package deploy

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"flora.dev/flora/rules"
	"flora.dev/flora/schema"
)

// Row is a stored document: its fields by name, of a reference the _id, and
// its own as _id. Values are as rules.Value holds them.
type Row map[string]any

// Documents reads one state of a store, with system rights. Objects are those
// of the deployed schema; of a link table too.
type Documents interface {
	// Each calls yield for the documents of a collection until it returns false.
	Each(ctx context.Context, o *rules.Object, yield func(Row) bool) error
	// Find returns the documents whose field has the value: one for an _id or a
	// unique field, those behind the many side of a relation for a reference.
	Find(ctx context.Context, o *rules.Object, f *rules.Field, v any) ([]Row, error)
}

// StoredOptions say who is asked about, and for how much.
type StoredOptions struct {
	Callers  []Caller
	Identity bool     // also the caller of each document with an @identity
	Roles    []string // that those hold
	Now      time.Time
	Limit    int // answers computed, 0 for 100,000
}

// StoredShift is a stored document for which a caller's answer changes. It has
// no values.
type StoredShift struct {
	Change     Change   `json:"change"`
	Collection string   `json:"collection"`
	ID         string   `json:"id"`
	Field      string   `json:"field,omitempty"`
	Action     string   `json:"action"` // read, delete, or update that changes nothing
	Caller     Caller   `json:"caller"`
	By         []Clause `json:"by,omitempty"`
}

// StoredReport is what a look at stored documents found.
type StoredReport struct {
	Shifts  []StoredShift `json:"shifts,omitempty"`
	Asked   int           `json:"asked"`   // answers computed, on both sides
	Limited bool          `json:"limited"` // there was more to ask
}

// Stored asks the rules of both schemas about stored documents: whether callers
// may read or delete each, and update it without a change. The new rules see
// them as diff, the difference of the two, leaves them. Creates and checks speak
// of documents that are not stored, and are left to Rules.
func Stored(ctx context.Context, old, new *schema.Schema, diff *schema.Difference, docs Documents, o StoredOptions) (*StoredReport, error) {
	if o.Limit == 0 {
		o.Limit = 100_000
	}
	p := newPair(old, new)
	l := newLook(ctx, p, diff, docs, o.Limit)
	callers := o.Callers
	if o.Identity {
		for _, c := range old.Me {
			if err := docs.Each(ctx, c.Object, func(r Row) bool {
				if caller, ok := callerOf(c.Object, r); ok {
					caller.Roles = o.Roles
					callers = append(callers, caller)
				}
				return len(callers) < o.Limit
			}); err != nil {
				return nil, fmt.Errorf("read %s: %w", c.Name, err)
			}
		}
	}
	asking := make([]*rules.Caller, len(callers))
	for i := range callers {
		asking[i] = callers[i].at(o.Now)
	}
	for _, q := range p.questions() {
		if q.action == rules.Create || q.alike() && !l.fills(q) {
			continue
		}
		c := old.Collection(q.collection)
		err := docs.Each(ctx, c.Object, func(r Row) bool {
			for i, who := range asking {
				if l.report.Asked >= l.limit {
					l.report.Limited = true
					return false
				}
				l.ask(q, c.Object, r, callers[i], who)
			}
			return l.err == nil && ctx.Err() == nil
		})
		if err == nil {
			err = l.err
		}
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			return nil, fmt.Errorf("read %s: %w", q.collection, err)
		}
		if l.report.Limited {
			break
		}
	}
	return l.report, nil
}

// callerOf is the caller whom a document with an identity stands for.
func callerOf(o *rules.Object, r Row) (c Caller, ok bool) {
	v := r[o.Identity.Name]
	if v == nil {
		return c, false
	}
	text := fmt.Sprint(plain(o.Identity.Kind, v))
	if o.IdentityClaim == "" || o.IdentityClaim == "sub" {
		return Caller{Subject: text}, true
	}
	c = Caller{Subject: o.Name + "/" + fmt.Sprint(r["_id"]), Vouches: []string{o.IdentityClaim}}
	c.Claims = map[string]any{o.IdentityClaim: text}
	switch {
	case o.Identity.Kind == rules.Int || o.Identity.Kind == rules.Long:
		c.Claims[o.IdentityClaim] = json.Number(text)
	case o.IdentityClaim == "email":
		c.Claims["email_verified"] = true
	}
	return c, true
}

func (l *look) ask(q *question, o *rules.Object, r Row, caller Caller, who *rules.Caller) {
	var answers [2][]bool
	var may [2]bool
	for side := range 2 {
		l.report.Asked++
		b := rules.Binding{Docs: map[rules.Var]rules.Document{rules.Old: stored{l, o, r}, rules.New: stored{l, o, r}}, User: l.user, All: l.all}
		may[side] = true
		for _, d := range q.demands[side] {
			ok := d.Pred == nil || who.Fold(d.Pred, b) == rules.True
			answers[side], may[side] = append(answers[side], ok), may[side] && ok
		}
	}
	if may[0] == may[1] {
		return
	}
	s := StoredShift{Change: NewlyAllows, Collection: q.collection, ID: fmt.Sprint(r["_id"]), Field: q.field, Action: q.word(), Caller: caller}
	to := 1
	if may[0] {
		to, s.Change = 0, NewlyDenies
	}
	if q.field != "" && answers[1-to][0] {
		return // told of the type
	}
	b := rules.Binding{Docs: map[rules.Var]rules.Document{rules.Old: stored{l, o, r}, rules.New: stored{l, o, r}}, User: l.user, All: l.all}
	s.By = q.clauses(to, answers[1-to], func(p rules.Pred) bool { return who.Fold(p, b) == rules.True })
	l.report.Shifts = append(l.report.Shifts, s)
}
