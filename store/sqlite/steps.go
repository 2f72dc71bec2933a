package sqlite

import (
	"fmt"
	"slices"

	"flora.dev/flora/schema"
	"flora.dev/flora/store"
	"flora.dev/flora/store/internal/serial"
	"flora.dev/flora/store/internal/sqlgen"
	"zombiezen.com/go/sqlite"
)

// rebuilds reports whether steps make a table anew. SQLite cannot alter what a
// column takes.
// https://sqlite.org/lang_altertable.html#making_other_kinds_of_table_schema_changes
func rebuilds(steps []schema.Step) bool { return slices.ContainsFunc(steps, rebuilt) }

func rebuilt(s schema.Step) bool {
	return s.Kind == schema.Relax || s.Kind == schema.Tighten || s.Kind == schema.DropColumn || s.Kind == schema.DropTable || s.Kind == schema.DropLink
}

// migrate takes the steps. Tables that must be made anew are when all else is
// done with them.
func (c *conn) migrate(steps []schema.Step) error {
	var anew []*schema.Collection
	var last []schema.Step
	for i, s := range steps {
		var err error
		switch s.Kind {
		case schema.Fill:
			err = c.fill(s)
		case schema.Tighten, schema.CreateUnique:
			err = c.misfits(s)
		case schema.DropLink, schema.DropTable:
			last = append(last, s)
			continue
		}
		switch {
		case err != nil:
		case s.Kind == schema.Fill:
		case rebuilt(s):
			if !slices.Contains(anew, s.Collection) {
				anew = append(anew, s.Collection)
			}
		default:
			err = c.step(s, steps[i+1:])
		}
		if err != nil {
			return err
		}
	}
	for _, t := range anew {
		if err := c.rebuild(t); err != nil {
			return err
		}
	}
	for _, s := range last {
		if err := c.step(s, nil); err != nil {
			return err
		}
	}
	if !rebuilds(steps) {
		return nil
	}
	broken := false
	err := c.run(&sqlgen.Statement{SQL: "PRAGMA foreign_key_check"}, func(*sqlite.Stmt) { broken = true })
	if err == nil && broken {
		err = fmt.Errorf("a reference would lead nowhere")
	}
	return err
}

func (c *conn) step(s schema.Step, later []schema.Step) error {
	texts, err := sqlgen.SQLite.Step(s, later...)
	if err != nil {
		return err
	}
	for _, t := range texts {
		if err := c.once(t); err != nil {
			if isConstraint(err) {
				return &store.StepError{Step: s, Err: err}
			}
			return fmt.Errorf("apply %s: %w", s, err)
		}
	}
	return nil
}

// fill writes the column of a Fill.
func (c *conn) fill(s schema.Step) error {
	if s.From == nil {
		text, err := sqlgen.SQLite.FillNull(s)
		if err == nil {
			err = c.run(&text, nil)
		}
		if err != nil {
			return fmt.Errorf("apply %s: %w", s, err)
		}
		return nil
	}
	for after := ""; ; {
		read, err := sqlgen.SQLite.ToFill(s, after, 0)
		if err != nil {
			return fmt.Errorf("apply %s: %w", s, err)
		}
		page := ""
		if err := c.run(&read, func(row *sqlite.Stmt) { page = row.ColumnText(0) }); err != nil {
			return fmt.Errorf("apply %s: %w", s, err)
		}
		documents, err := serial.Fillings(s.From, page)
		if err != nil {
			return err
		}
		for _, d := range documents {
			write, err := sqlgen.SQLite.FillOne(s, d.ID, s.Convert(d.Value))
			if err == nil {
				err = c.run(&write, nil)
			}
			if err != nil {
				return fmt.Errorf("apply %s: %w", s, err)
			}
			after = d.ID
		}
		if len(documents) < sqlgen.Filled {
			return nil
		}
	}
}

// misfits looks whether documents allow a step.
func (c *conn) misfits(s schema.Step) error {
	n, err := c.int64(sqlgen.SQLite.Misfits(s))
	if err != nil {
		return fmt.Errorf("apply %s: %w", s, err)
	}
	if n > 0 {
		return sqlgen.Misfit(s, n)
	}
	return nil
}

// rebuild makes a table anew, with the indexes that it has.
func (c *conn) rebuild(t *schema.Collection) error {
	var indexes []string
	err := c.run(&sqlgen.Statement{SQL: "SELECT sql FROM sqlite_schema WHERE type = 'index' AND sql IS NOT NULL AND tbl_name = '" + t.Table + "'"},
		func(row *sqlite.Stmt) { indexes = append(indexes, row.ColumnText(0)) })
	if err != nil {
		return fmt.Errorf("read indexes: %w", err)
	}
	for _, text := range append(sqlgen.SQLite.Rebuild(t), indexes...) {
		if err := c.once(text); err != nil {
			return fmt.Errorf("rebuild %s: %w", t.Table, err)
		}
	}
	return nil
}
