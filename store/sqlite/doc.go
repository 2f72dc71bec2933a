// Package sqlite is the embedded engine: one file, one process.
//
//	Read   --> pool of readers, each on a snapshot of the write-ahead log
//	Write  --> queue --> writer: BEGIN, job, job, job ..., COMMIT, acknowledge
//
// The driver is SQLite translated to Go, so that no C compiler is needed. It
// appears in no other package. The package knows nothing of rules: it runs
// what sqlgen prints.
package sqlite
