package graph

// Limits bound what one request may ask for. Zero is a limit of nothing, so
// begin from DefaultLimits.
type Limits struct {
	QueryBytes         int   `yaml:"query"`              // of the query text
	Tokens             int   `yaml:"tokens"`             // of the query text, comments included
	Operations         int   `yaml:"operations"`         // definitions in the document
	Fragments          int   `yaml:"fragments"`          // definitions in the document
	Aliases            int   `yaml:"aliases"`            // in the document
	Directives         int   `yaml:"directives"`         // uses in the document
	Repeats            int   `yaml:"repeats"`            // of a response key in a selection, in the document
	RootFields         int   `yaml:"rootFields"`         // of an operation, fragments spread
	Fields             int   `yaml:"fields"`             // of an operation, fragments spread
	Depth              int   `yaml:"depth"`              // relations below each other, nodes and edges not counted
	IntrospectionDepth int   `yaml:"introspectionDepth"` // below __schema and __type
	Cost               int64 `yaml:"cost"`               // estimated documents, see measure
	PageSize           int   `yaml:"pageSize"`           // of a list without first
	MaxPageSize        int   `yaml:"maxPageSize"`        // most that first may ask for
	MaxWrite           int   `yaml:"maxWrite"`           // documents that an operation writes
	VariablesBytes     int   `yaml:"variables"`          // of the JSON text
	VariablesDepth     int   `yaml:"variablesDepth"`     // objects and lists below each other
	Errors             int   `yaml:"errors"`             // returned in a response
	Denied             int   `yaml:"denied"`             // paths listed in extensions.denied
	ResponseBytes      int   `yaml:"response"`           // of the data of a response
}

// DefaultLimits are the limits that hold where the configuration says nothing.
func DefaultLimits() Limits {
	return Limits{
		QueryBytes:         32 << 10,
		Tokens:             2000,
		Operations:         20,
		Fragments:          50,
		Aliases:            50,
		Directives:         50,
		Repeats:            100,
		RootFields:         20,
		Fields:             5000,
		Depth:              12,
		IntrospectionDepth: 20,
		Cost:               200_000,
		PageSize:           50,
		MaxPageSize:        1000,
		MaxWrite:           1000,
		VariablesBytes:     64 << 10,
		VariablesDepth:     32,
		Errors:             10,
		Denied:             100,
		ResponseBytes:      8 << 20,
	}
}
