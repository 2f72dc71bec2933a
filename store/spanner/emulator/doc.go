// Package emulator gives tests the official Spanner emulator: one process per
// test binary, one database per test.
//
//	host := emulator.Host(t)       // finds or starts it, else skips t
//	name := emulator.Database(t)   // empty database, dropped when t ends
//
// It knows nothing of schemas and statements.
package emulator
