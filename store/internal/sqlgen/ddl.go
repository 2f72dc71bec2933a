package sqlgen

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"flora.dev/flora/rules"
	"flora.dev/flora/schema"
)

// ddl is how an engine spells tables.
type ddl struct {
	types                     map[rules.Kind]string
	listType                  string // of every list; "" is ARRAY<type>
	key                       string // type of a document's key
	bytes                     string // type of the secret
	elements, element         string // of a list, as rows
	committed, expires        string // type of a commit's time; what ends a table whose rows go some time after it
	boolCheck                 bool   // Booleans are integers that need a CHECK
	forwardKeys               bool   // a foreign key may name a table to come, and cannot be added later
	tableEnd                  string // closes CREATE TABLE with primary key $1
	uniqueIndex               string // null-filtered
	indexTail                 bool   // an index does not end in the table's key by itself
	defaultOpen, defaultEnd   string
	text                      func(string) string // a string literal
	timeLiteral, dateLiteral  string
	trueLiteral, falseLiteral string
}

// System returns the statements that make the system tables of an empty store,
// and their indexes:
//
//	flora_meta   (name, value)          secret: 32 random bytes
//	flora_schema (version, sdl, created) created in microseconds
//	flora_once   (key, request, outcome, created, committed)
//	flora_note   (revision, name, value, until, changed) times in microseconds, value null: withdrawn
//	flora_audit  (id, at, issuer, subject, action, detail) see store.Entry
func (d *Dialect) System() []string {
	t := d.ddl.types
	return []string{
		"CREATE TABLE flora_meta (name " + t[rules.Ref] + " NOT NULL, value " + d.ddl.bytes + " NOT NULL" + string(fill(nil, d.ddl.tableEnd, "name")),
		"CREATE TABLE flora_schema (version " + t[rules.Long] + " NOT NULL, sdl " + t[rules.String] + " NOT NULL, created " +
			t[rules.Long] + " NOT NULL" + string(fill(nil, d.ddl.tableEnd, "version")),
		"CREATE TABLE flora_once (`key` " + t[rules.Ref] + " NOT NULL, request " + t[rules.Ref] + " NOT NULL, outcome " + t[rules.String] + " NOT NULL, created " +
			t[rules.Long] + " NOT NULL, committed " + d.ddl.committed + string(fill(nil, d.ddl.tableEnd, "`key`")) + d.ddl.expires,
		"CREATE TABLE flora_note (revision " + t[rules.Long] + " NOT NULL, name " + t[rules.String] + " NOT NULL, value " + t[rules.String] + ", until " +
			t[rules.Long] + ", changed " + t[rules.Long] + " NOT NULL" + string(fill(nil, d.ddl.tableEnd, "revision")),
		"CREATE UNIQUE INDEX flora_note_name ON flora_note (name)",
		"CREATE TABLE flora_audit (id " + t[rules.Ref] + " NOT NULL, `at` " + t[rules.Long] + " NOT NULL, issuer " + t[rules.String] + " NOT NULL, subject " + t[rules.String] +
			" NOT NULL, action " + t[rules.String] + " NOT NULL, detail " + t[rules.String] + " NOT NULL" + string(fill(nil, d.ddl.tableEnd, "id")),
		"CREATE INDEX flora_audit_at ON flora_audit (`at` DESC, id DESC)",
	}
}

// SystemNames are the names of what System makes, in its order.
func SystemNames() []string {
	return []string{"flora_meta", "flora_schema", "flora_once", "flora_note", "flora_note_name", "flora_audit", "flora_audit_at"}
}

// Step returns the statements of a migration step, in order; none where the
// engine has nothing to do. later are the steps that follow it: they tell
// which foreign keys of a new table wait.
func (d *Dialect) Step(s schema.Step, later ...schema.Step) ([]string, error) {
	switch s.Kind {
	case schema.CreateLink:
		return d.createLink(s.Link), nil
	case schema.CreateTable:
		return []string{d.createTable(s.Collection, later)}, nil
	case schema.AddColumn:
		return d.addColumn(s)
	case schema.AddFold:
		return []string{"ALTER TABLE " + quote(s.Collection.Table) + " ADD COLUMN " + quote(s.Field.Fold.Column) + " " + d.columnType(s.Field.Fold)}, nil
	case schema.CreateIndex:
		return []string{d.index("CREATE INDEX ", s.Index.Name, s.Collection, s.Index.Fields, s.Index.Desc, d.ddl.indexTail)}, nil
	case schema.CreateUnique:
		return []string{d.index(d.ddl.uniqueIndex, s.Unique.Name, s.Collection, s.Unique.Fields, nil, false)}, nil
	case schema.DropIndex:
		return []string{"DROP INDEX " + quote(s.Name)}, nil
	case schema.DropLink:
		return []string{"DROP TABLE " + quote(s.Link.Object.Table)}, nil
	case schema.DropTable:
		return []string{"DROP TABLE " + quote(s.Collection.Table)}, nil
	case schema.Relax, schema.Tighten:
		return d.limit(s), nil
	case schema.AddForeignKey:
		if d.ddl.forwardKeys {
			return nil, nil
		}
		return []string{"ALTER TABLE " + quote(s.Collection.Table) + " ADD " + foreignKey(s.Field)}, nil
	}
	return nil, fmt.Errorf("print step: kind %d is not known", s.Kind)
}

// Index makes the index of a collection that has that name, if it has one.
func (d *Dialect) Index(c *schema.Collection, name string) ([]string, error) {
	for _, u := range c.Uniques {
		if u.Name == name {
			return d.Step(schema.Step{Kind: schema.CreateUnique, Collection: c, Unique: u})
		}
	}
	for _, i := range c.Indexes {
		if i.Name == name {
			return d.Step(schema.Step{Kind: schema.CreateIndex, Collection: c, Index: i})
		}
	}
	return nil, nil
}

func (d *Dialect) createTable(c *schema.Collection, later []schema.Step) string {
	return d.tableText(quote(c.Table), c, later)
}

// limit alters what a column takes, where an engine can. Its CHECK and its
// foreign key are dropped before, by the names that they have there.
func (d *Dialect) limit(s schema.Step) (out []string) {
	alter := "ALTER TABLE " + quote(s.Collection.Table) + " "
	if s.From.NonNull != s.Column.NonNull {
		text := alter + "ALTER COLUMN " + quote(s.Column.Column) + " " + d.columnType(s.Column)
		if s.Column.NonNull {
			text += " NOT NULL"
		}
		out = append(out, text)
	}
	if check := d.check(s.Column); check != "" && Rechecked(s) {
		out = append(out, alter+"ADD "+check)
	}
	if s.Column.Kind == rules.Ref && len(out) > 0 {
		out = append(out, alter+"ADD FOREIGN KEY ("+quote(s.Column.Column)+") "+target(s.Column))
	}
	return out
}

// Rechecked reports whether a step changes the values that a column takes.
func Rechecked(s schema.Step) bool {
	return (s.From.Kind == rules.Enum || s.Column.Kind == rules.Enum) && (s.From.Kind != s.Column.Kind || !slices.Equal(s.From.Values, s.Column.Values))
}

func (d *Dialect) tableText(name string, c *schema.Collection, later []schema.Step) string {
	lines := []string{
		quote(c.Key.Column) + " " + d.ddl.key + " NOT NULL",
		quote(c.TS.Column) + " " + d.ddl.types[rules.Long] + " NOT NULL",
	}
	var constraints []string
	for _, f := range c.Fields {
		if f.Column == "" {
			continue
		}
		line := quote(f.Column) + " " + d.columnType(f.Field)
		if f.NonNull {
			line += " NOT NULL"
		}
		lines = append(lines, line)
		if f.Fold != nil {
			lines = append(lines, quote(f.Fold.Column)+" "+d.columnType(f.Fold))
		}
		if check := d.check(f.Field); check != "" {
			constraints = append(constraints, check)
		}
		waits := slices.ContainsFunc(later, func(s schema.Step) bool { return s.Kind == schema.AddForeignKey && s.Field == f })
		if f.ToOne() && (d.ddl.forwardKeys || !waits) {
			constraints = append(constraints, foreignKey(f))
		}
	}
	lines = append(lines, constraints...)
	return "CREATE TABLE " + name + " (" + strings.Join(lines, ", ") + string(fill(nil, d.ddl.tableEnd, quote(c.Key.Column)))
}

// createLink makes a link table, found by either end.
func (d *Dialect) createLink(k *schema.Link) []string {
	table, near, far := quote(k.Object.Table), quote(k.Near.Column), quote(k.Far.Column)
	lines := []string{near + " " + d.ddl.key + " NOT NULL", far + " " + d.ddl.key + " NOT NULL"}
	for _, f := range []*rules.Field{k.Near, k.Far} {
		lines = append(lines, "FOREIGN KEY ("+quote(f.Column)+") "+target(f))
	}
	return []string{
		"CREATE TABLE " + table + " (" + strings.Join(lines, ", ") + string(fill(nil, d.ddl.tableEnd, near+", "+far)),
		"CREATE INDEX " + quote(k.Index()) + " ON " + table + " (" + far + ", " + near + ")",
	}
}

func (d *Dialect) addColumn(s schema.Step) ([]string, error) {
	f := s.Field
	alter := "ALTER TABLE " + quote(s.Collection.Table) + " ADD "
	column := "COLUMN " + quote(f.Column) + " " + d.columnType(f.Field)
	if f.NonNull {
		// Documents that exist get the value. It stays on the column as its
		// default, where it is never used: an insert names every column.
		def, err := d.literal(s.Value)
		if s.Value.V == nil {
			err = errors.New("not null and without a value")
		}
		if err != nil {
			return nil, fmt.Errorf("add column %s: %w", f.Path(), err)
		}
		column += " NOT NULL" + d.ddl.defaultOpen + def + d.ddl.defaultEnd
	}
	var folded []string
	if f.Fold != nil {
		text := alter + "COLUMN " + quote(f.Fold.Column) + " " + d.columnType(f.Fold)
		if v, ok := s.Value.V.(string); ok {
			def, err := d.literal(rules.Value{Kind: rules.String, V: rules.Folded(v)})
			if err != nil {
				return nil, fmt.Errorf("add column %s: %w", f.Path(), err)
			}
			text += d.ddl.defaultOpen + def + d.ddl.defaultEnd
		}
		folded = append(folded, text)
	}
	var constraints []string
	if check := d.check(f.Field); check != "" {
		constraints = append(constraints, check)
	}
	if d.ddl.forwardKeys {
		if f.ToOne() {
			constraints = append(constraints, references(f))
		}
		return append([]string{alter + strings.Join(append([]string{column}, constraints...), " ")}, folded...), nil
	}
	if f.ToOne() {
		constraints = append(constraints, foreignKey(f))
	}
	out := []string{alter + column}
	for _, k := range constraints {
		out = append(out, alter+k)
	}
	return append(out, folded...), nil
}

func (d *Dialect) columnType(f *rules.Field) string {
	t := d.ddl.types[f.Kind]
	switch {
	case !f.List:
		return t
	case d.ddl.listType != "":
		return d.ddl.listType
	}
	return "ARRAY<" + t + ">"
}

// check keeps a column within its kind where its type does not.
func (d *Dialect) check(f *rules.Field) string {
	switch {
	case f.List:
	case f.Kind == rules.Bool && d.ddl.boolCheck:
		return "CHECK (" + quote(f.Column) + " IN (0, 1))"
	case f.Kind == rules.Enum:
		return "CHECK (" + quote(f.Column) + " IN (" + d.enumValues(f) + "))"
	}
	return ""
}

func (d *Dialect) enumValues(f *rules.Field) string {
	values := make([]string, len(f.Values))
	for i, v := range f.Values {
		values[i] = d.ddl.text(v)
	}
	return strings.Join(values, ", ")
}

func foreignKey(f *schema.Field) string {
	return "FOREIGN KEY (" + quote(f.Column) + ") " + references(f)
}

func references(f *schema.Field) string { return target(f.Field) }

func target(f *rules.Field) string {
	t := f.Target
	return "REFERENCES " + quote(t.Table) + " (" + quote(t.Key.Column) + ")"
}

func (d *Dialect) index(create, name string, c *schema.Collection, fields, desc []*schema.Field, tail bool) string {
	var cols []string
	for _, f := range fields {
		text := quote(f.Indexed().Column)
		if slices.Contains(desc, f) {
			text += " DESC"
		}
		cols = append(cols, text)
	}
	if tail {
		cols = append(cols, quote(c.Key.Column))
	}
	return create + quote(name) + " ON " + quote(c.Table) + " (" + strings.Join(cols, ", ") + ")"
}
