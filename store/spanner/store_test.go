package spanner_test

import (
	"testing"

	"flora.dev/flora/store"
	"flora.dev/flora/store/spanner"
	"flora.dev/flora/store/spanner/emulator"
	"flora.dev/flora/store/storetest"
)

func TestConformance(t *testing.T) {
	storetest.Run(t, func(t *testing.T) store.Store {
		return open(t, emulator.Database(t), spanner.Options{})
	})
}
