package serial

import (
	"context"
	"slices"

	"flora.dev/flora/rules"
	"flora.dev/flora/store"
	"flora.dev/flora/store/internal/sqlgen"
)

// sweep is what goes with deleted documents. Foreign keys have no actions of
// their own on either engine: Spanner has no SET NULL, and _ts must grow.
type sweep struct {
	r     *Run
	p     Part
	most  int
	gone  map[*rules.Object][]string
	order []*rules.Object // of gone, as found
	is    map[*rules.Object]map[string]bool
	swept map[*rules.Object]map[string]bool // documents that go, or lose a reference
	count int
	clear []*rules.Field // references that some document loses
}

func newSweep(r *Run, p Part) *sweep {
	most := p.Along
	if most == 0 {
		most = sqlgen.Most(p.Head)
	}
	return &sweep{r: r, p: p, most: most, gone: map[*rules.Object][]string{},
		is: map[*rules.Object]map[string]bool{}, swept: map[*rules.Object]map[string]bool{}}
}

// add notes documents that are deleted, and returns those that are new.
func (s *sweep) add(o *rules.Object, ids []string) (fresh []string) {
	if s.is[o] == nil {
		s.is[o] = map[string]bool{}
		s.order = append(s.order, o)
	}
	for _, id := range ids {
		if !s.is[o][id] {
			s.is[o][id] = true
			fresh = append(fresh, id)
		}
	}
	s.gone[o] = append(s.gone[o], fresh...)
	return fresh
}

// reach is a root that finds the documents whose reference names deleted ones.
type reach struct {
	field *rules.Field
	root  int
}

// level adds the roots of one level: which says which documents were deleted on
// the level before, as rules.Old.
func (s *sweep) level(q *store.Query, which map[*rules.Object]rules.Pred) (found []reach) {
	v := rules.Var(1 << 20) // beyond those of any head
	for _, f := range s.p.Referrers {
		is := which[f.Target]
		if is == nil || f.Object.Key == nil || f.OnDelete == rules.Restrict {
			continue
		}
		v++
		found = append(found, reach{f, len(q.Roots)})
		q.Roots = append(q.Roots, store.Select{From: f.Object, Var: v, List: true, Limit: s.most + 1, After: rules.True,
			Where:   rules.One{From: rules.Col{Var: v, Field: f}, Target: f.Target, Var: rules.Old, Domain: rules.True, Body: is},
			Columns: []store.Column{{Value: rules.Col{Var: v, Field: f.Object.Key}}}})
	}
	return found
}

// find follows references level by level, from the first, which was read.
func (s *sweep) find(ctx context.Context, found []reach, roots []string) error {
	for len(found) > 0 {
		next := map[*rules.Object][]string{}
		for _, x := range found {
			ids, err := keys(roots[x.root])
			if err != nil {
				return err
			}
			o := x.field.Object
			s.note(o, ids)
			if x.field.OnDelete == rules.Cascade {
				next[o] = append(next[o], s.add(o, ids)...)
			} else if len(ids) > 0 && !slices.Contains(s.clear, x.field) {
				s.clear = append(s.clear, x.field)
			}
		}
		if s.count > s.most {
			return refuse(s.p, store.TooMany)
		}
		which := map[*rules.Object]rules.Pred{}
		for o, ids := range next {
			if len(ids) > 0 {
				which[o] = sqlgen.Among(rules.Old, o.Key, ids)
			}
		}
		q := &store.Query{}
		if found = s.level(q, which); len(found) == 0 {
			return nil
		}
		var err error
		if roots, err = s.r.Look(ctx, s.p, q); err != nil {
			return err
		}
	}
	return nil
}

// note counts documents that are swept. Those that the head itself deletes do not count.
func (s *sweep) note(o *rules.Object, ids []string) {
	if s.swept[o] == nil {
		s.swept[o] = map[string]bool{}
	}
	for _, id := range ids {
		if !s.swept[o][id] && !s.is[o][id] {
			s.swept[o][id] = true
			s.count++
		}
	}
}

// run deletes: link rows first, then references are taken away, then documents,
// those that refer to others first. References that are left are refused by
// their foreign keys.
func (s *sweep) run(ctx context.Context) error {
	var all []sqlgen.Statement
	var failed error
	do := func(st sqlgen.Statement, err error) {
		if err != nil {
			failed = err
		}
		all = append(all, st)
	}
	d, now := s.r.Dialect, s.r.Mutation.Now
	for _, f := range s.p.Referrers {
		if f.Object.Key == nil && len(s.gone[f.Target]) > 0 {
			do(d.Remove(f, s.gone[f.Target]))
		}
	}
	for _, f := range s.clear {
		do(d.Clear(f, f, s.gone[f.Target], true, now))
	}
	left := slices.DeleteFunc(slices.Clone(s.order), func(o *rules.Object) bool { return len(s.gone[o]) == 0 })
	cut := map[*rules.Field]bool{}
	for len(left) > 0 {
		i := slices.IndexFunc(left, func(o *rules.Object) bool { return len(into(o, left, cut)) == 0 })
		if i >= 0 {
			do(d.Remove(left[i].Key, s.gone[left[i]]))
			left = slices.Delete(left, i, i+1)
			continue
		}
		// A cycle: some reference in it can be null, or it would never have begun.
		n := len(cut)
		for _, o := range left {
			for _, f := range into(o, left, cut) {
				if !f.NonNull {
					cut[f] = true
					do(d.Clear(f, f.Object.Key, s.gone[f.Object], false, now)) // never of one that stays
				}
			}
		}
		if len(cut) == n {
			do(d.Remove(left[0].Key, s.gone[left[0]]))
			left = left[1:]
		}
	}
	if failed != nil {
		return failed
	}
	if err := s.r.Tx.RunAll(ctx, all); err != nil {
		return s.r.Tx.Refused(s.p.Top, s.p.Head, err)
	}
	s.r.Verified, s.r.Wrote = true, true
	return nil
}

// into are the references to o from other objects, as far as they are not cut.
func into(o *rules.Object, from []*rules.Object, cut map[*rules.Field]bool) (out []*rules.Field) {
	for _, x := range from {
		if x == o {
			continue
		}
		for _, f := range x.Fields {
			if f.ToOne() && f.Target == o && !cut[f] {
				out = append(out, f)
			}
		}
	}
	return out
}
