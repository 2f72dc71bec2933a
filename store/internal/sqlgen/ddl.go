package sqlgen

import (
	"fmt"
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
	boolCheck                 bool   // Booleans are integers that need a CHECK
	inlineKeys                bool   // foreign keys stand in CREATE TABLE, and only there
	tableEnd                  string // closes CREATE TABLE with primary key $1
	uniqueIndex               string // null-filtered
	indexTail                 bool   // an index does not end in the table's key by itself
	defaultOpen, defaultEnd   string
	text                      func(string) string // a string literal
	timeLiteral, dateLiteral  string
	trueLiteral, falseLiteral string
}

// System returns the statements that make the system tables of an empty store:
//
//	flora_meta   (name, value)          secret: 32 random bytes
//	flora_schema (version, sdl, created) created in microseconds
func (d *Dialect) System() []string {
	t := d.ddl.types
	return []string{
		"CREATE TABLE flora_meta (name " + t[rules.Ref] + " NOT NULL, value " + d.ddl.bytes + " NOT NULL" + string(fill(nil, d.ddl.tableEnd, "name")),
		"CREATE TABLE flora_schema (version " + t[rules.Long] + " NOT NULL, sdl " + t[rules.String] + " NOT NULL, created " +
			t[rules.Long] + " NOT NULL" + string(fill(nil, d.ddl.tableEnd, "version")),
	}
}

// Step returns the statements of a migration step, in order; none where the
// engine has nothing to do.
func (d *Dialect) Step(s schema.Step) ([]string, error) {
	switch s.Kind {
	case schema.CreateTable:
		return d.createTable(s.Collection), nil
	case schema.AddColumn:
		return d.addColumn(s.Collection, s.Field)
	case schema.CreateIndex:
		return []string{d.index("CREATE INDEX ", s.Index.Name, s.Collection, s.Index.Fields, d.ddl.indexTail)}, nil
	case schema.CreateUnique:
		return []string{d.index(d.ddl.uniqueIndex, s.Unique.Name, s.Collection, s.Unique.Fields, false)}, nil
	case schema.DropIndex:
		return []string{"DROP INDEX " + quote(s.Name)}, nil
	case schema.AddForeignKey:
		if d.ddl.inlineKeys {
			return nil, nil
		}
		return []string{"ALTER TABLE " + quote(s.Collection.Table) + " ADD CONSTRAINT " +
			quote(s.Collection.Table+"_"+s.Field.Column+"_fk") + " " + d.foreignKey(s.Field)}, nil
	}
	return nil, fmt.Errorf("print step: kind %d is not known", s.Kind)
}

func (d *Dialect) createTable(c *schema.Collection) []string {
	lines := []string{
		quote(c.Key.Column) + " " + d.ddl.key + " NOT NULL",
		quote(c.TS.Column) + " " + d.ddl.types[rules.Long] + " NOT NULL",
	}
	var tail, after []string
	for _, f := range c.Fields {
		if f.Many() {
			continue
		}
		line := quote(f.Column) + " " + d.columnType(f.Field)
		if f.NonNull {
			line += " NOT NULL"
		}
		lines = append(lines, line)
		if check := d.check(f.Field); check != "" {
			tail = append(tail, check)
		}
		if f.ToOne() {
			if d.ddl.inlineKeys {
				tail = append(tail, d.foreignKey(f))
			}
			after = append(after, d.keyIndex(c, f)...)
		}
	}
	lines = append(lines, tail...)
	table := "CREATE TABLE " + quote(c.Table) + " (" + strings.Join(lines, ", ") + string(fill(nil, d.ddl.tableEnd, quote(c.Key.Column)))
	return append([]string{table}, after...)
}

func (d *Dialect) addColumn(c *schema.Collection, f *schema.Field) ([]string, error) {
	alter := "ALTER TABLE " + quote(c.Table) + " ADD "
	col := "COLUMN " + quote(f.Column) + " " + d.columnType(f.Field)
	if f.NonNull {
		// Documents that exist get the default. It stays on the column, where
		// it is never used: an insert names every column.
		if f.Default == nil {
			return nil, fmt.Errorf("add column %s: not null and without a default", f.Path())
		}
		v, ok := f.Default.Const()
		if !ok || v.V == nil {
			return nil, fmt.Errorf("add column %s: the default is not a constant", f.Path())
		}
		lit, err := d.literal(v)
		if err != nil {
			return nil, fmt.Errorf("add column %s: %w", f.Path(), err)
		}
		col += " NOT NULL" + d.ddl.defaultOpen + lit + d.ddl.defaultEnd
	}
	check := d.check(f.Field)
	if d.ddl.inlineKeys {
		if check != "" {
			col += " " + check
		}
		if f.ToOne() {
			col += " " + d.references(f)
		}
		check = ""
	}
	out := []string{alter + col}
	if check != "" {
		out = append(out, alter+"CONSTRAINT "+quote(c.Table+"_"+f.Column+"_check")+" "+check)
	}
	if f.ToOne() {
		out = append(out, d.keyIndex(c, f)...)
	}
	return out, nil
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
		values := make([]string, len(f.Values))
		for i, v := range f.Values {
			values[i] = d.ddl.text(v)
		}
		return "CHECK (" + quote(f.Column) + " IN (" + strings.Join(values, ", ") + "))"
	}
	return ""
}

func (d *Dialect) foreignKey(f *schema.Field) string {
	return "FOREIGN KEY (" + quote(f.Column) + ") " + d.references(f)
}

func (d *Dialect) references(f *schema.Field) string {
	t := f.Field.Target
	return "REFERENCES " + quote(t.Table) + " (" + quote(t.Key.Column) + ")"
}

// keyIndex is the index of a to-one reference, unless the schema declares one
// that begins with it. It serves the many side and the check of a delete.
func (d *Dialect) keyIndex(c *schema.Collection, f *schema.Field) []string {
	for _, i := range c.Indexes {
		if len(i.Fields) > 0 && i.Fields[0] == f {
			return nil
		}
	}
	if f.Unique != nil {
		return nil
	}
	return []string{d.index("CREATE INDEX ", c.Table+"_"+f.Column+"_key", c, []*schema.Field{f}, d.ddl.indexTail)}
}

func (d *Dialect) index(create, name string, c *schema.Collection, fields []*schema.Field, tail bool) string {
	var cols []string
	for _, f := range fields {
		cols = append(cols, quote(f.Column))
	}
	if tail {
		cols = append(cols, quote(c.Key.Column))
	}
	return create + quote(name) + " ON " + quote(c.Table) + " (" + strings.Join(cols, ", ") + ")"
}
