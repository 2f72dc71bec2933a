// Package authtest holds tokens that a verifier must refuse.
//
//	good token --one change--> attack, with the code it is refused with
//
// Each attack stands beside the good token that it was made from, so that a
// test can show first that nothing but the change is refused. The package
// knows JOSE and nothing of the verifier.
package authtest
