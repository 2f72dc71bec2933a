package store

import (
	"context"
	"sync/atomic"
)

// Meter follows one request through a store.
type Meter struct {
	// Tag names the request to a database that notes such names: at most 50
	// printable ASCII characters.
	Tag   string
	trips atomic.Int64
}

type meterKey struct{}

// WithMeter returns a context whose operations m follows.
func WithMeter(ctx context.Context, m *Meter) context.Context {
	return context.WithValue(ctx, meterKey{}, m)
}

// MeterOf returns the meter of ctx, one of no request where it has none.
func MeterOf(ctx context.Context) *Meter {
	if m, ok := ctx.Value(meterKey{}).(*Meter); ok {
		return m
	}
	return &Meter{}
}

// Trip counts a round trip to the database. Engines call it.
func (m *Meter) Trip() { m.trips.Add(1) }

// Trips returns the round trips so far.
func (m *Meter) Trips() int { return int(m.trips.Load()) }
