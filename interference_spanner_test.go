package main

import (
	"slices"
	"testing"

	"flora.dev/flora/store"
	flora "flora.dev/flora/store/spanner"
	"flora.dev/flora/store/spanner/emulator"

	"cloud.google.com/go/spanner"
	"google.golang.org/api/option"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
)

// TestNonInterferenceSpanner runs an eighth as many cases on the emulator, on
// databases that keep their schema.
func TestNonInterferenceSpanner(t *testing.T) {
	t.Parallel()
	inShards(t, max(*interferenceCases/8, 1), func(t *testing.T, s *refSchema) *arena {
		var dbs [2]store.Store
		var clients [2]*spanner.Client
		for i := range dbs {
			name := emulator.Database(t)
			db, err := flora.Open(t.Context(), name, flora.Options{Emulator: emulator.Host(t)})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { db.Close() })
			dbs[i] = db
			if clients[i], err = spanner.NewClientWithConfig(t.Context(), name, spanner.ClientConfig{DisableNativeMetrics: true},
				option.WithEndpoint("passthrough:///"+emulator.Host(t)), option.WithoutAuthentication(),
				option.WithGRPCDialOption(grpc.WithTransportCredentials(insecure.NewCredentials()))); err != nil {
				t.Fatal(err)
			}
			t.Cleanup(clients[i].Close)
		}
		b := newArena(t, s, func(side int) store.Store { return dbs[side] })
		b.steps = 4                     // the emulator takes its time
		b.wipe = func(side int) error { // all tables in one commit
			var all []*spanner.Mutation
			for _, rows := range b.schema.links {
				all = append(all, spanner.Delete(b.table(rows.name).Table, spanner.AllKeys()))
			}
			for _, rt := range slices.Backward(b.schema.types) {
				all = append(all, spanner.Delete(b.model.Collection(rt.name).Table, spanner.AllKeys()))
			}
			_, err := clients[side].Apply(t.Context(), all)
			return err
		}
		return b
	})
}
