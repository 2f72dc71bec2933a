// Package spanner is the store on Google Cloud Spanner.
//
//	Read    one ExecuteStreamingSql, single use, strong            1 RPC
//	Write   a create that asks nothing: one Commit                 1 RPC
//	        one guarded head: DML with THEN RETURN, Commit         2 RPCs
//	        several: ExecuteBatchDml, Commit, one read of answers  3 RPCs
//	Deploy  DDL through the admin API, then the version row
//
// Statements come from package sqlgen. This package sends them, decides what
// their counts and error codes mean, and knows no rules and no GraphQL.
package spanner
