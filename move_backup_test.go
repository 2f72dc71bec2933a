package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"flora.dev/flora/transfer"
	"github.com/google/go-cmp/cmp"
)

// TestBackup copies a store while it is written to.
func TestBackup(t *testing.T) {
	m := newMover(t)
	store := m.planted("sqlite", library, "")
	a := &app{ctx: t.Context()}
	d, err := openDocuments(a, store)
	if err != nil {
		t.Fatal(err)
	}
	author := d.Named("Author")
	stop, stopped := make(chan struct{}), make(chan error, 1)
	begun := make(chan struct{})
	go func() {
		for i := 0; ; i++ {
			select {
			case <-stop:
				stopped <- nil
				return
			default:
			}
			// Two documents in one commit: a copy has both or none.
			r := transfer.Reading{Tables: d.Tables}
			var rows []*transfer.Row
			for _, side := range "xy" {
				row, _ := r.Parse(fmt.Appendf(nil, `{"_id":"%c%06d","name":"%s"}`, side, i, strings.Repeat("n", 2000)), author)
				rows = append(rows, row)
			}
			if _, err := d.Load(t.Context(), rows); err != nil {
				stopped <- err
				return
			}
			if i == 20 {
				close(begun)
			}
		}
	}()
	<-begun
	for i := range 5 {
		file := filepath.Join(t.TempDir(), "copy.db")
		m.must("backup", file, "--store", store)
		got := m.export("sqlite:" + file)["Author.jsonl"]
		x, y := strings.Count(got, `"_id":"x`), strings.Count(got, `"_id":"y`)
		if x < 20 || x != y {
			t.Errorf("copy %d has %d and %d documents", i, x, y)
		}
		if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("copy %d: %v %v", i, info, err)
		}
		if code, _, errs := m.run("backup", file, "--store", store); code != 1 || !strings.Contains(errs, "is there already") {
			t.Errorf("over a file: %d %s", code, errs)
		}
	}
	close(stop)
	if err := <-stopped; err != nil {
		t.Error(err)
	}
	d.Close()
	for store, want := range map[string]string{
		"spanner:projects/p/instances/i/databases/d": "gcloud spanner backups create",
		"sqlite::memory:":      "is no SQLite file",
		"sqlite:/nowhere/x.db": "no such file",
		"mysql:x":              "is no SQLite file",
	} {
		if code, _, errs := m.run("backup", filepath.Join(t.TempDir(), "b"), "--store", store); code != 1 || !strings.Contains(errs, want) {
			t.Errorf("%s: %d %s", store, code, errs)
		}
	}
}

// TestCopyRefuses what would not end as a copy.
func TestCopyRefuses(t *testing.T) {
	m := newMover(t)
	w := readWorld(t, "testdata/worlds/market")
	from := m.planted("sqlite", string(w.sdl), string(w.seed))
	for name, c := range map[string]struct{ to, want string }{
		"itself":           {from, "are the same store"},
		"another schema":   {m.planted("sqlite", library, ""), "another schema is deployed"},
		"more documents":   {m.planted("sqlite", string(w.sdl), "User: [ { _id: more, sub: more, name: M } ]"), "User: 4 rows in"},
		"another document": {m.planted("sqlite", string(w.sdl), "User: [ { _id: ann, sub: ann, name: M } ]"), "User.name: another document with this _id"},
	} {
		if code, out, errs := m.run("copy", "--from", from, "--to", c.to); code != 1 || !strings.Contains(errs, c.want) || strings.Contains(out, "copied") {
			t.Errorf("%s: %d %s%s", name, code, out, errs)
		}
	}
	to := m.empty("sqlite")
	m.must("copy", "--from", from, "--to", to)
	m.must("copy", "--from", from, "--to", to) // once more: it is all there
	if code, _, errs := m.run("copy", "--from", m.empty("sqlite"), "--to", to); code != 1 || !strings.Contains(errs, "there is no such file") {
		t.Errorf("from nothing: %d %s", code, errs)
	}
}

// TestExportRefuses what is there.
func TestExportRefuses(t *testing.T) {
	m := newMover(t)
	store := m.planted("sqlite", library, "Author: [ { _id: a1, name: A } ]")
	full := m.write(map[string]string{"x": "y"})
	if code, _, errs := m.run("export", full, "--store", store); code != 1 || !strings.Contains(errs, "is there already") {
		t.Errorf("a full folder: %d %s", code, errs)
	}
	if diff := cmp.Diff(map[string]string{"x": "y"}, m.files(full)); diff != "" {
		t.Errorf("it was touched: %s", diff)
	}
	file := filepath.Join(full, "x.jsonl")
	m.must("export", file, "--store", store, "--collection", "Author")
	if code, _, errs := m.run("export", file, "--store", store); code != 1 || !strings.Contains(errs, "is there already") {
		t.Errorf("a file: %d %s", code, errs)
	}
	if got := m.files(full)["x.jsonl"]; !strings.HasPrefix(got, `{"_collection":"Author","_id":"a1","_ts":`) || strings.Count(got, "\n") != 1 {
		t.Errorf("one collection: %s", got)
	}
	if code, _, errs := m.run("export", t.TempDir(), "--store", store, "--collection", "Nothing"); code != 1 || !strings.Contains(errs, "no collection Nothing") {
		t.Errorf("no collection: %d %s", code, errs)
	}
	m.must("export", t.TempDir(), "--store", store) // an empty folder
}
