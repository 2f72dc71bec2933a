package resolvers

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"flora.dev/flora/auth"
	"flora.dev/flora/graph"
	"flora.dev/flora/rules"
	"flora.dev/flora/schema"
	"flora.dev/flora/store"
	"github.com/google/go-cmp/cmp"
	"github.com/vektah/gqlparser/v2/gqlerror"
)

// linked is a schema of notes with many tags, and of one cover each; tags
// returns the two ends of the link table.
func linked(t *testing.T) (model *schema.Schema, ends [2]*schema.Field) {
	t.Helper()
	model, err := schema.Load("f", []byte(`
type Note @auth(all: "doc.by == CurrentIdentity()") { by: String, text: String }
type Tag @auth(read: "true") @auth(create: "signedIn", update: "doc.keeper == CurrentIdentity()") { keeper: String, name: String }
type Cover @auth(all: "doc.by == CurrentIdentity()") { by: String, note: Note @auth(read: "doc.by == 'ann'") }
`))
	if err != nil {
		t.Fatal(err)
	}
	note, tag, cover := model.Collection("Note"), model.Collection("Tag"), model.Collection("Cover")
	table := &rules.Object{Name: "note_tags", Table: "note_tags"}
	reference := func(name string, to *schema.Collection) *rules.Field {
		f := &rules.Field{Object: table, Name: name, Column: name, Kind: rules.Ref, NonNull: true, TypeName: to.Name, Target: to.Object, OnDelete: rules.Cascade}
		table.Fields = append(table.Fields, f)
		return f
	}
	a, b := reference("noteID", note), reference("tagID", tag)
	side := func(c, to *schema.Collection, name string, f rules.Field) *schema.Field {
		f.Object, f.Name, f.Kind, f.TypeName, f.Target = c.Object, name, rules.Ref, to.Name, to.Object
		out := &schema.Field{Field: &f, Collection: c, Target: to}
		c.Fields, c.Object.Fields = append(c.Fields, out), append(c.Object.Fields, out.Field)
		return out
	}
	ends[0] = side(note, tag, "tags", rules.Field{Link: &rules.Link{Object: table, Near: a, Far: b}})
	ends[1] = side(tag, note, "notes", rules.Field{Link: &rules.Link{Object: table, Near: b, Far: a}})
	side(note, cover, "cover", rules.Field{Back: cover.FieldNamed("note").Field, Single: true})
	return model, ends
}

// TestLinkPlan has what the rows of link tables, and the side of one-to-one
// that has no column, ask of the store.
func TestLinkPlan(t *testing.T) {
	one := func(do string, x any) map[string]any { return map[string]any{do: x} }
	const mine = `oldDoc.by == "ann"`
	for _, tt := range []struct {
		name, sub, field, relation string
		in                         map[string]any
		change                     func(ends [2]*schema.Field)
		want                       string
	}{
		{"both ends are updated", "ann", "partialUpdateNote", "tags", one("connect", []any{"t"}), nil,
			`then link note_tags/ noteID="n" tagID="t" guard one(v1, Tag, "t", true, (v1.keeper == "ann" && v1.keeper == "ann"))`},
		{"an unlink is one too", "ann", "partialUpdateNote", "tags", one("disconnect", []any{"t"}), nil,
			`then unlink note_tags/ noteID="n" tagID="t" guard one(v1, Tag, "t", true, (v1.keeper == "ann" && v1.keeper == "ann"))`},
		{"from the other end", "ann", "partialUpdateTag", "notes", one("connect", []any{"m"}), nil,
			`then link note_tags/ tagID="n" noteID="m" guard one(v1, Note, "m", true, (v1.by == "ann" && v1.by == "ann" && v1.by == "ann"))`},
		{"the owning side needs no more than read on the other", "ann", "partialUpdateNote", "tags", one("connect", []any{"t"}),
			func(ends [2]*schema.Field) { ends[0].Owning = true },
			`then link note_tags/ noteID="n" tagID="t" guard one(v1, Tag, "t", true, true)`},
		{"the other one does", "ann", "partialUpdateTag", "notes", one("connect", []any{"m"}),
			func(ends [2]*schema.Field) { ends[0].Owning = true },
			`then link note_tags/ tagID="n" noteID="m" guard one(v1, Note, "m", true, (v1.by == "ann" && v1.by == "ann" && v1.by == "ann"))`},
		{"the field at the other end has its own rule", "ann", "partialUpdateNote", "tags", one("connect", []any{"t"}),
			func(ends [2]*schema.Field) { ends[1].Update.Pred = rules.False }, "[k]: " + notAllowed},
		{"a hidden collection", "ann", "partialUpdateNote", "tags", one("connect", []any{"t"}),
			func(ends [2]*schema.Field) { ends[0].Target.Access.Read.Pred = rules.False }, "[k]: " + notAllowed},
		{"an id that cannot be", "ann", "partialUpdateNote", "tags", one("connect", []any{""}), nil, "[k]: " + notAllowed},
		{"what is created inside is linked under its create rule", "ann", "partialUpdateNote", "tags", one("create", []any{map[string]any{"name": "x"}}), nil,
			`then insert Tag/new name="x" guard true then link note_tags/ noteID="n" tagID="new" guard true`},
		{"and that of its field", "ann", "partialUpdateNote", "tags", one("create", []any{map[string]any{"name": "x"}}),
			func(ends [2]*schema.Field) { ends[1].Create.Pred = rules.False }, "[k]: " + notAllowed},
		{"nobody creates", "", "partialUpdateNote", "tags", one("create", []any{map[string]any{"name": "x"}}), nil, "[k]: " + notAllowed},

		{"the other side of one-to-one", "ann", "partialUpdateNote", "cover", one("connect", "c"), nil,
			`then update Cover/c note="n" guard (one(v1, Note, "n", true, v1.by == "ann") && ` + mine + ` && ` + mine + ` && ` + mine + `)`},
		{"is cleared where it leads here, and the caller sees that", "ann", "partialUpdateNote", "cover", one("disconnect", true), nil,
			`then update Cover/ note=null match (` + mine + ` && oldDoc.note == "n" && ` + mine + `) guard (` + mine + ` && oldDoc.note == "n" && ` + mine + ` && ` + mine + ` && ` + mine + `)`},
		{"a new one takes its place", "ann", "partialUpdateNote", "cover", map[string]any{"disconnect": true, "create": map[string]any{"by": "ann"}}, nil,
			`then update Cover/ note=null match (` + mine + ` && oldDoc.note == "n" && ` + mine + `) guard (` + mine + ` && oldDoc.note == "n" && ` + mine + ` && ` + mine + ` && ` + mine + `)` +
				` then insert Cover/new by="ann" note="n" guard one(v1, Note, "n", true, v1.by == "ann")`},
		{"it cannot be given twice", "ann", "partialUpdateNote", "cover", map[string]any{"connect": "c", "create": map[string]any{"by": "ann"}}, nil,
			"[k data cover]: Note.cover takes one of create, connect and disconnect: true"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			model, ends := linked(t)
			if tt.change != nil {
				tt.change(ends)
			}
			db := &recorder{}
			r, err := New(db, bytes.Repeat([]byte{1}, 32), Options{NewID: func() string { return "new" }})
			if err != nil {
				t.Fatal(err)
			}
			ctx := t.Context()
			if tt.sub != "" {
				ctx = auth.With(ctx, &auth.Identity{ID: tt.sub, Claims: map[string]any{}})
			}
			args := map[string]any{"id": "n", "data": map[string]any{tt.relation: tt.in}}
			_, err = r.Mutation(ctx, &graph.Version{Number: 1, Schema: model}, &graph.Operation{Fields: []*graph.Field{{Key: "k", Name: tt.field, Args: args}}})
			var failed *gqlerror.Error
			if err != nil && !errors.As(err, &failed) {
				t.Fatal(err)
			}
			got := ""
			if failed != nil {
				got = told(failed)
			} else {
				var b strings.Builder
				for _, k := range db.heads[0].Kids {
					describe(&b, "then ", []store.Head{k})
				}
				got = strings.Join(strings.Fields(strings.ReplaceAll(b.String(), "\nthen   ", " ")), " ")
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// TestReferrers has what a delete reaches.
func TestReferrers(t *testing.T) {
	model, _ := linked(t)
	names := func(c string) string {
		var out []string
		for _, f := range model.Referrers(model.Collection(c)) {
			out = append(out, f.Path())
		}
		return strings.Join(out, " ")
	}
	if got, want := names("Note"), "note_tags.noteID"; got != want {
		t.Errorf("restrict: %s, want %s", got, want)
	}
	note := model.Collection("Cover").FieldNamed("note")
	note.OnDelete = rules.SetNull
	if got, want := names("Note"), "note_tags.noteID Cover.note"; got != want {
		t.Errorf("set null: %s, want %s", got, want)
	}
	note.OnDelete = rules.Cascade
	if got, want := names("Tag"), "note_tags.tagID"; got != want {
		t.Errorf("the other end: %s, want %s", got, want)
	}
}
