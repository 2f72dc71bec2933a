package sqlgen

import (
	"testing"

	"flora.dev/flora/rules"
)

// A condition alone names both sides of a write, and no statement is around it.
func TestCondition(t *testing.T) {
	w := newWorld()
	old, next := col(rules.Old, w.project, "team"), col(rules.New, w.project, "team")
	both := rules.And{w.inTeam(10, old), rules.NotNull{X: next}, eq(col(rules.New, w.project, "name"), val(rules.String, "x"))}
	const set = "`doc`.`team` IN (SELECT _k1.`team` AS k FROM `Member` AS _k1 WHERE _k1.`user` = (SELECT _u2.`flora_id` FROM `User` AS _u2 WHERE _u2.`sub` = "
	for _, c := range []struct {
		d    *Dialect
		p    rules.Pred
		want string
		args int
	}{
		{SQLite, both, set + "?1)) AND `newDoc`.`team` IS NOT NULL AND `newDoc`.`name` = ?2", 2},
		{Spanner, both, set + "@p1)) AND `newDoc`.`team` IS NOT NULL AND `newDoc`.`name` = @p2", 2},
		{SQLite, rules.Or{eq(old, next), rules.NotNull{X: old}}, "", 0},
		{Spanner, rules.False, "FALSE", 0},
	} {
		s, err := c.d.Condition(c.p)
		if err != nil {
			t.Fatal(err)
		}
		if c.want != "" && s.SQL != c.want || len(s.Args) != c.args {
			t.Errorf("got  %s %v\nwant %s", s.SQL, s.Args, c.want)
		}
		if c.want == "" && s.SQL[0] != '(' {
			t.Errorf("an OR that stands alone: %s", s.SQL)
		}
	}
	if s, err := SQLite.Condition(eq(col(7, w.project, "name"), val(rules.String, "x"))); err == nil {
		t.Errorf("a document that is neither side: %s", s.SQL)
	}
}
