package store

import (
	"fmt"

	"flora.dev/flora/schema"
)

// Deployment is a deployed schema version.
type Deployment struct {
	Version int64
	SDL     string // the developer's file as deployed
	Names   schema.Names
	// Unfinished: its deployment ended before all was done that comes after the
	// version. Deploying it again goes on with that.
	Unfinished bool
	Created    int64  // when it was deployed, in microseconds
	Secret     []byte // 32 random bytes made at the first deploy, shared by all instances
}

// Schema loads what is deployed. file is the name that messages show.
func (d *Deployment) Schema(file string) (*schema.Schema, error) {
	s, err := schema.Load(file, []byte(d.SDL))
	if err != nil {
		return nil, err
	}
	s.Place(d.Names)
	return s, nil
}

// Migration brings a store from one version to the next.
type Migration struct {
	From  int64 // version that Steps start from, 0 for an empty store
	Reset bool  // drop every collection and its data first; Steps then start from nothing
	SDL   string
	Names schema.Names
	Steps []schema.Step
	Audit *Entry // nil: none
}

// StepError is a step that the store's data does not allow.
type StepError struct {
	Step schema.Step
	Err  error
}

func (e *StepError) Error() string { return fmt.Sprintf("%s: %v", e.Step.Subject(), e.Err) }

// Unwrap returns the cause.
func (e *StepError) Unwrap() error { return e.Err }
