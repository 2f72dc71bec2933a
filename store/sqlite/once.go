package sqlite

import (
	"fmt"

	"flora.dev/flora/store/internal/serial"
	"flora.dev/flora/store/internal/sqlgen"
)

const (
	keepSQL = "INSERT OR REPLACE INTO flora_once (`key`, request, outcome, created, committed) VALUES (?1, ?2, ?3, ?4, ?4)"
	// Rows are made in the order of time: the first ones are the oldest.
	forgetSQL = "DELETE FROM flora_once WHERE rowid IN (SELECT rowid FROM flora_once ORDER BY rowid LIMIT 4) AND created < ?1"
)

// keep stores the outcome of a mutation that may be sent again, and forgets a
// few old ones.
func (p *plan) keep(c *conn, r *serial.Run) error {
	if p.Once == nil || len(p.Heads) == 0 {
		return nil
	}
	outcome, err := r.Record()
	if err != nil {
		return fmt.Errorf("store outcome: %w", err)
	}
	for _, s := range []sqlgen.Statement{
		{SQL: keepSQL, Args: []sqlgen.Arg{text(sqlgen.Hash(p.Once.Key)), text(sqlgen.Hash(p.Once.Request)), text(outcome), long(p.Now)}},
		{SQL: forgetSQL, Args: []sqlgen.Arg{long(p.Once.Since)}},
	} {
		if err := c.run(&s, nil); err != nil {
			return writeError(0, p.Heads[0].Kind, err)
		}
	}
	return nil
}
