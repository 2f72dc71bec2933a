// Package web is the HTTP edge: what a browser, or anyone, can reach.
//
//	request id -> log, recovery -> CORS -> body size -> token -> rates -> executor
//
// Every answer, errors included, leaves through the same headers, or a browser
// application sees nothing but a network error. The package knows bearer tokens
// and GraphQL over HTTP (https://graphql.github.io/graphql-over-http/draft/);
// it knows nothing of schemas, rules or stores, and it never sets a cookie.
package web
