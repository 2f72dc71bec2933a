package sqlite

import (
	"flora.dev/flora/rules"
	"flora.dev/flora/store"
	"flora.dev/flora/store/internal/sqlgen"
	"zombiezen.com/go/sqlite"
)

// judge is the fault leak.GuardsOnPreState: all guards are asked before the
// first head runs. It is not reached in a build without the tag leaks.
func (p *plan) judge(c *conn) {
	for i := range p.heads {
		s := &p.heads[i]
		h := *s.Head
		if h.Kind == store.Insert {
			continue
		}
		ask := h
		ask.Readable, h.Guard = h.Guard, rules.False
		probe, err := sqlgen.SQLite.Probe(&ask)
		if err != nil {
			continue
		}
		_ = c.run(&probe, func(st *sqlite.Stmt) {
			if st.ColumnBool(0) {
				h.Guard = rules.True
			}
		})
		if text, err := sqlgen.SQLite.Write(&h, sqlgen.Write{Now: p.Now, Echo: s.echo}); err == nil {
			s.text = text
		}
	}
}
