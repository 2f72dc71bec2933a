// Package transfer moves documents out of a store and into one, as lines of
// JSON, with system rights.
//
//	store --Reader--> Row --Line--> file --Tables.Parse--> Row --Loader--> store
//
// It keeps _id, _ts, every value and every link as they are. An Import may run
// again where it stopped: what is there already is left alone. The package
// knows nothing of callers, rules and commands.
package transfer
