// Package auth turns a bearer token into an identity: access providers, their
// key sets, the strict token decoder, and the development issuer.
//
//	Authorization --Verifier--> *Identity, or a *Rejection with a fixed code
//
// auth is a leaf. It knows issuer, subject and claims; it knows nothing of
// rules, roles or schemas.
package auth
