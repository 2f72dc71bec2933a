package main

import _ "embed"

// The built-in demo: people, their stores, what they sell, what was ordered.
var (
	//go:embed demo/schema.graphql
	demoSchema []byte
	//go:embed demo/seed.yaml
	demoSeed []byte
	//go:embed demo/tests.yaml
	demoTests []byte
)

// Names under which messages speak of the demo's files.
const (
	demoSchemaName = "demo/schema.graphql"
	demoSeedName   = "demo/seed.yaml"
	demoTestsName  = "demo/tests.yaml"
)
