package sqlite

import (
	"context"
	"fmt"
	"path/filepath"
	"sync/atomic"
	"testing"

	"flora.dev/flora/rules"
	"flora.dev/flora/store"
	"flora.dev/flora/store/internal/sqlgen"
)

func benchDB(b *testing.B) *DB {
	db, err := Open(b.Context(), filepath.Join(b.TempDir(), "flora.db"), Options{})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { db.Close() })
	if _, err := db.Deploy(b.Context(), &store.Migration{SDL: "type Note", Steps: noteSteps()}); err != nil {
		b.Fatal(err)
	}
	return db
}

func noteByID(id string) *store.Query {
	n := note()
	key, text := rules.Col{Var: 1, Field: n.Object.Key}, rules.Col{Var: 1, Field: n.Object.Fields[0]}
	return &store.Query{Roots: []store.Select{{From: n.Object, Var: 1, One: true,
		Where:   rules.And{rules.Cmp{Op: rules.Eq, L: key, R: rules.Val{Value: rules.Value{Kind: rules.ID, V: id}}}, rules.Cmp{Op: rules.Eq, L: text, R: rules.Val{Value: rules.Value{Kind: rules.String, V: "x"}}}},
		Columns: []store.Column{{Value: key}, {Value: text}}}}}
}

func BenchmarkPrint(b *testing.B) {
	q := noteByID("n7")
	b.ReportAllocs()
	for b.Loop() {
		if _, err := sqlgen.SQLite.Query(q); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkReadByID(b *testing.B) {
	db := benchDB(b)
	for i := range 1000 {
		if _, err := db.Write(b.Context(), createNote(fmt.Sprint("n", i))); err != nil {
			b.Fatal(err)
		}
	}
	ctx, cancel := context.WithCancel(b.Context())
	defer cancel()
	q := noteByID("n7")
	b.ReportAllocs()
	for b.Loop() {
		if rows, err := db.Read(ctx, q); err != nil || rows.Roots[0] != `["n7","x"]` {
			b.Fatal(rows, err)
		}
	}
}

func BenchmarkWrite(b *testing.B) {
	for _, callers := range []int{1, 16, 64} {
		b.Run(fmt.Sprint(callers), func(b *testing.B) {
			db := benchDB(b)
			var n atomic.Int64
			b.SetParallelism(callers)
			b.ReportAllocs()
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					if _, err := db.Write(b.Context(), createNote(fmt.Sprint("n", n.Add(1)))); err != nil {
						b.Error(err)
						return
					}
				}
			})
		})
	}
}
