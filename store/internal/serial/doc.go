// Package serial runs the heads of a mutation one by one: what a mutation
// means, on whatever engine.
//
//	Before of a head -> its statement -> a probe if it wrote nothing -> Kids
//
// It knows statements and their meaning, and no engine: that gives it a Tx.
package serial
