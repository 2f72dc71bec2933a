package sqlite

import (
	"flora.dev/flora/rules"
	"flora.dev/flora/store"
	"flora.dev/flora/store/internal/serial"
	"flora.dev/flora/store/internal/sqlgen"
	"zombiezen.com/go/sqlite"
)

// judge is the fault leak.GuardsOnPreState: all guards are asked before the
// first head runs. It is not reached in a build without the tag leaks.
func (p *plan) judge(c *conn) {
	for _, part := range serial.Parts(p.Mutation) {
		if part.Kid >= 0 || part.Kind == store.Insert || part.Table.Key == nil || serial.Dynamic(part.Head) {
			continue
		}
		h := *part.Head
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
		part.Head.Guard = h.Guard
		if text, err := sqlgen.SQLite.Write(&h, sqlgen.Write{Now: p.Now, Echo: p.echo[part.Head]}); err == nil {
			p.text[part.Head] = text
		}
	}
}
