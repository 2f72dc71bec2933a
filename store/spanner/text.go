package spanner

import (
	"flora.dev/flora/rules"
	"flora.dev/flora/store/internal/sqlgen"
)

// Text is the SQL of a condition in the form that rules.T leaves, with the
// values of its parameters, for explanations: the stored document is called
// doc, the one to be stored newDoc.
func Text(p rules.Pred) (sql string, values []rules.Value, err error) {
	s, err := sqlgen.Spanner.Condition(p)
	for _, a := range s.Args {
		values = append(values, a.Value)
	}
	return s.SQL, values, err
}
