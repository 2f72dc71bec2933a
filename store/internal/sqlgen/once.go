package sqlgen

import (
	"encoding/hex"

	"flora.dev/flora/rules"
	"flora.dev/flora/store"
)

// Recall prints what is asked before a mutation that may have run: no row, or
// one with the request, the outcome, the time of the commit in microseconds and
// the number of the deployed schema version.
func (d *Dialect) Recall(o *store.Once) (Statement, error) {
	p := d.printer()
	committed := "_o.committed"
	if p.time != "" {
		committed = string(fill(nil, p.time, committed))
	}
	p.put("SELECT _o.request, _o.outcome, ", committed, ", ", deployed, " AS v FROM flora_once AS _o WHERE _o.`key` = ",
		p.param(rules.Value{Kind: rules.Ref, V: Hash(o.Key)}), " AND _o.created >= ", p.now(o.Since))
	return p.statement()
}

// Hash is how a hash of a Once is stored.
func Hash(sum [32]byte) string { return hex.EncodeToString(sum[:]) }
