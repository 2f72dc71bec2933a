// Package leak plants faults, to show that the non-interference test finds
// them: one class each, at the place in the code where the fault would be.
//
// Without the build tag leaks nothing can be planted: On is constantly false
// and the compiler drops what it guards. The package knows nothing of what its
// classes do.
package leak

// Class is a kind of fault.
type Class int

// The classes. None plants nothing.
const (
	None                Class = iota
	RuleAfterFilter           // rule after filter
	CountBeforeRule           // count before rule
	HiddenInCursor            // hidden value in a cursor
	FilterUnreadable          // filter atom on an unreadable field
	OrderUnreadable           // order by an unreadable field
	FinderUnreadable          // unique finder on an unreadable field
	NestedWithoutRule         // nested list without the target's rule
	UnknownInNone             // row rule unknown inside none
	NoStoredSide              // update without the stored-side check
	NoNewSide                 // update without the new-side check
	GrantsHelp                // two grants helping each other across the sides
	OmittedIsNull             // omitted field taken as null in newDoc
	NotOverNull               // NOT over null
	MissingClaimIsNull        // missing claim as null
	WrongTypeUnderHas         // wrong-typed claim under !has
	AbsentHopUnderAll         // absent hop under all
	AbsentUserIsNull          // absent CurrentUser equal to a null key
	ConnectHidden             // connect to a hidden target
	ErrorText                 // error text with values
	FoldInPlan                // rule fold kept in a plan
	WhereAuthorisedOnce       // where-variable authorised once
	GuardsOnPreState          // guards on the pre-state of a serial mutation
	RolledBackAnswer          // answer of a rolled-back mutation
	OneSubject                // two issuers with one subject
	AggregateUnreadable       // aggregate over an unreadable field
	UpsertHidden              // upsert of a hidden document
	UpsertDefaults            // upsert re-applying defaults
	ListConnect               // list-side connect without the child's update rule
	LinkOneSide               // link row with one side's rule
	InverseUnguarded          // inverse side of a guarded relation
	OperandIsNew              // inc operand taken as newDoc
	EmptyBulkFilter           // empty filter in a bulk delete
	KeyOfAnother              // idempotency key across identities
	HiddenHopSorts            // hidden hop as sort key
	EmbeddedAuth              // @auth in an @embedded type ignored
	BulkHidden                // bulk write of hidden documents
	CheckFirst                // @check before the rules
	CanUnknown                // _can true where a rule is unknown
	PlanKeepsCaller           // plan with the values of its first caller
	OneVariant                // plan of another caller's roles
)

// Classes are all classes with their names.
func Classes() map[Class]string {
	return map[Class]string{
		RuleAfterFilter:     "rule after filter",
		CountBeforeRule:     "count before rule",
		HiddenInCursor:      "hidden value in a cursor",
		FilterUnreadable:    "filter atom on an unreadable field",
		OrderUnreadable:     "order by an unreadable field",
		FinderUnreadable:    "unique finder on an unreadable field",
		NestedWithoutRule:   "nested list without the target's rule",
		UnknownInNone:       "row rule unknown inside none",
		NoStoredSide:        "update without the stored-side check",
		NoNewSide:           "update without the new-side check",
		GrantsHelp:          "two grants helping each other across the sides",
		OmittedIsNull:       "omitted field taken as null in newDoc",
		NotOverNull:         "NOT over null",
		MissingClaimIsNull:  "missing claim as null",
		WrongTypeUnderHas:   "wrong-typed claim under !has",
		AbsentHopUnderAll:   "absent hop under all",
		AbsentUserIsNull:    "absent CurrentUser equal to a null key",
		ConnectHidden:       "connect to a hidden target",
		ErrorText:           "error text with values",
		FoldInPlan:          "rule fold kept in a plan",
		WhereAuthorisedOnce: "where-variable authorised once",
		GuardsOnPreState:    "guards on the pre-state of a serial mutation",
		RolledBackAnswer:    "answer of a rolled-back mutation",
		OneSubject:          "two issuers with one subject",
		AggregateUnreadable: "aggregate over an unreadable field",
		UpsertHidden:        "upsert of a hidden document",
		UpsertDefaults:      "upsert re-applying defaults",
		ListConnect:         "list-side connect without the child's update rule",
		LinkOneSide:         "link row with one side's rule",
		InverseUnguarded:    "inverse side of a guarded relation",
		OperandIsNew:        "inc operand taken as newDoc",
		EmptyBulkFilter:     "empty filter in a bulk delete",
		KeyOfAnother:        "idempotency key across identities",
		HiddenHopSorts:      "hidden hop as sort key",
		EmbeddedAuth:        "@auth in an @embedded type ignored",
		BulkHidden:          "bulk write of hidden documents",
		CheckFirst:          "@check before the rules",
		CanUnknown:          "_can true where a rule is unknown",
		PlanKeepsCaller:     "plan with the values of its first caller",
		OneVariant:          "plan of another caller's roles",
	}
}
