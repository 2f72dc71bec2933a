package sqlgen

import "flora.dev/flora/rules"

// Dialect is how one engine spells what SQL leaves open. In templates $1 and
// $2 stand for operands.
type Dialect struct {
	param     string // before the number of a parameter
	unplanned string // before one whose value the plan shall not depend on

	// JSON.
	array                        string // constructor of an array
	asText                       bool   // JSON that has other JSON in it is put together as text
	oneOpen, oneClose            string // around SELECT <node> FROM ...
	listOpen, listFrom, listEnd  string // <open> node <from> ordered rows AS alias <end>
	textOpen, textFrom           string // as listOpen and listFrom, of nodes that are put together as text
	outerOrder                   bool   // rows of a subquery have no order: sort again
	branchOpen, branchEnd        string // around a SELECT of UNION ALL that is sorted and cut off by itself; "" where the whole is read in order
	rootOpen, rootEnd            string // around the value of a root
	time, list, timeList         string // values that are not JSON by themselves, "" if they are
	timeListNeedsQuery           bool   // timeList holds a subquery
	startsWith, endsWith, within string
	notStartsWith, notEndsWith   string
	notWithin                    string
	in, notIn                    string // $1 in the list $2
	length, listLength           string
	jsonScalar, jsonPart         string                // the scalar, or whatever there is, at path $2 of the JSON text $1
	casts                        map[rules.Kind]string // from the text of a scalar $1; none where it has its type

	sum                   map[rules.Kind]string // $1 + $2, null where that is no value of the kind; never an error
	total                 map[rules.Kind]string // sum of $1 over the rows of a group as store.Sum says; that of rules.Long for kinds that have none
	listed                string                // a list, empty for null
	appended, prepended   string                // $2, which is not empty, behind and in front of the list $1
	without, withoutBools string                // the list $1 without the elements of $2
	listNeedsQuery        bool                  // listed and without hold a subquery

	greatest  string // function: the greater of two
	dual      string // what a SELECT without a table needs before WHERE
	returning string // clause of a write that returns columns

	ddl ddl
}

// SQLite is the dialect of SQLite 3.44 and later. Booleans are 0 and 1, times
// INTEGER microseconds, lists JSON text.
var SQLite = &Dialect{
	param:     "?",
	unplanned: "+",

	array:   "json_array(",
	asText:  true,
	oneOpen: "(SELECT ", oneClose: ")",
	listOpen: "(SELECT json_group_array(", listFrom: ") FROM (", listEnd: ")",
	textOpen: "(SELECT concat('[', group_concat(", textFrom: ", ','), ']') FROM (",
	list: "json($1)", timeList: "json($1)",

	// LIKE folds case and has wildcards; substr and instr count code points.
	startsWith:    "substr($1, 1, length($2)) = $2",
	notStartsWith: "substr($1, 1, length($2)) <> $2",
	endsWith:      "substr($1, length($1) - length($2) + 1) = $2",
	notEndsWith:   "substr($1, length($1) - length($2) + 1) <> $2",
	within:        "instr($1, $2) > 0",
	notWithin:     "instr($1, $2) = 0",
	in:            "$1 IN (SELECT _e.value FROM json_each($2) AS _e)",
	notIn:         "$1 NOT IN (SELECT _e.value FROM json_each($2) AS _e)",
	length:        "length($1)", listLength: "json_array_length($1)",
	jsonScalar: "json_extract($1, $2)", jsonPart: "json_extract($1, $2)",

	// An INTEGER that overflows becomes REAL, a REAL infinite.
	sum: map[rules.Kind]string{
		rules.Int:   "CASE WHEN $1 + $2 BETWEEN -2147483648 AND 2147483647 THEN $1 + $2 END",
		rules.Long:  "CASE WHEN typeof($1 + $2) = 'integer' THEN $1 + $2 END",
		rules.Float: "CASE WHEN ($1 + $2) - ($1 + $2) = 0 THEN $1 + $2 END",
	},
	total: map[rules.Kind]string{rules.Long: "flora_sum($1)"}, // the engine's own sum is inexact
	// Lists are JSON without spaces.
	listed:       "coalesce($1, '[]')",
	appended:     "CASE WHEN coalesce($1, '[]') = '[]' THEN $2 ELSE substr($1, 1, length($1) - 1) || ',' || substr($2, 2) END",
	prepended:    "CASE WHEN coalesce($1, '[]') = '[]' THEN $2 ELSE substr($2, 1, length($2) - 1) || ',' || substr($1, 2) END",
	without:      "(SELECT json_group_array(_e.value ORDER BY _e.key) FROM json_each($1) AS _e WHERE _e.value NOT IN (SELECT _f.value FROM json_each($2) AS _f))",
	withoutBools: "(SELECT json_group_array(json(_e.type) ORDER BY _e.key) FROM json_each($1) AS _e WHERE _e.value NOT IN (SELECT _f.value FROM json_each($2) AS _f))",

	greatest: "max", returning: " RETURNING ",

	ddl: ddl{
		types: map[rules.Kind]string{
			rules.Bool: "INTEGER", rules.Int: "INTEGER", rules.Long: "INTEGER", rules.Float: "REAL",
			rules.String: "TEXT", rules.ID: "TEXT", rules.Date: "TEXT", rules.Time: "INTEGER",
			rules.Enum: "TEXT", rules.Ref: "TEXT", rules.UUID: "TEXT", rules.Decimal: "TEXT",
			rules.JSON: "TEXT", rules.Embedded: "TEXT",
		},
		listType: "TEXT", elements: "json_each($1) AS _e", element: "_e.value",
		key: "TEXT", bytes: "BLOB", committed: "INTEGER NOT NULL",
		boolCheck: true, forwardKeys: true, tableEnd: ", PRIMARY KEY ($1)) STRICT",
		uniqueIndex: "CREATE UNIQUE INDEX ", indexTail: true, defaultOpen: " DEFAULT ",
		text: sqliteText, timeLiteral: "$1", dateLiteral: "$1", trueLiteral: "1", falseLiteral: "0",
	},
}

// Spanner is the dialect of Cloud Spanner's GoogleSQL.
var Spanner = &Dialect{
	param: "@p",

	array:   "JSON_ARRAY(",
	oneOpen: "(SELECT ", oneClose: ")",
	listOpen: "ARRAY(SELECT ", listFrom: " FROM (", listEnd: ")", outerOrder: true,
	branchOpen: "(", branchEnd: ")",
	rootOpen: "TO_JSON_STRING(", rootEnd: ")",
	time: "UNIX_MICROS($1)",
	// The emulator and the service disagree on arrays inside CASE, hence TO_JSON.
	timeList:           "CASE WHEN $1 IS NOT NULL THEN TO_JSON(ARRAY(SELECT UNIX_MICROS(_e) FROM UNNEST($1) AS _e WITH OFFSET AS _o ORDER BY _o)) END",
	timeListNeedsQuery: true,

	startsWith: "STARTS_WITH($1, $2)", notStartsWith: "STARTS_WITH($1, $2) = FALSE",
	endsWith: "ENDS_WITH($1, $2)", notEndsWith: "ENDS_WITH($1, $2) = FALSE",
	within: "STRPOS($1, $2) > 0", notWithin: "STRPOS($1, $2) = 0",
	in: "$1 IN UNNEST($2)", notIn: "$1 NOT IN UNNEST($2)",
	length: "CHAR_LENGTH($1)", listLength: "ARRAY_LENGTH($1)",
	jsonScalar: "JSON_VALUE($1, $2)", jsonPart: "JSON_QUERY($1, $2)",
	casts: map[rules.Kind]string{
		rules.Bool: "SAFE_CAST($1 AS BOOL)", rules.Int: "SAFE_CAST($1 AS INT64)", rules.Long: "SAFE_CAST($1 AS INT64)",
		rules.Float: "SAFE_CAST($1 AS FLOAT64)", rules.Date: "SAFE_CAST($1 AS DATE)", rules.Time: "SAFE.TIMESTAMP_MICROS(SAFE_CAST($1 AS INT64))",
	},

	sum: map[rules.Kind]string{
		rules.Int:   "CASE WHEN SAFE_ADD($1, $2) BETWEEN -2147483648 AND 2147483647 THEN SAFE_ADD($1, $2) END",
		rules.Long:  "SAFE_ADD($1, $2)",
		rules.Float: "SAFE_ADD($1, $2)",
	},
	total: map[rules.Kind]string{
		rules.Long:    "CAST(SUM(CAST($1 AS NUMERIC)) AS STRING)",
		rules.Float:   "CASE WHEN COUNTIF(ABS($1) >= 1e20) = 0 THEN CAST(SUM(CASE WHEN ABS($1) < 1e20 THEN CAST($1 AS NUMERIC) END) AS STRING) END",
		rules.Decimal: "CASE WHEN COUNTIF(SAFE_CAST($1 AS FLOAT64) >= 1e20 OR SAFE_CAST($1 AS FLOAT64) <= -1e20) = 0 THEN CAST(SUM(CASE WHEN ABS(SAFE_CAST($1 AS FLOAT64)) < 1e20 THEN CAST($1 AS NUMERIC) END) AS STRING) END",
	},
	listed:   "ARRAY(SELECT _e FROM UNNEST($1) AS _e WITH OFFSET AS _o ORDER BY _o)",
	appended: "ARRAY_CONCAT($1, $2)", prepended: "ARRAY_CONCAT($2, $1)",
	without:        "ARRAY(SELECT _e FROM UNNEST($1) AS _e WITH OFFSET AS _o WHERE _e NOT IN UNNEST($2) ORDER BY _o)",
	withoutBools:   "ARRAY(SELECT _e FROM UNNEST($1) AS _e WITH OFFSET AS _o WHERE _e NOT IN UNNEST($2) ORDER BY _o)",
	listNeedsQuery: true,

	greatest: "GREATEST", dual: " FROM UNNEST([1])", returning: " THEN RETURN ",

	ddl: ddl{
		types: map[rules.Kind]string{
			rules.Bool: "BOOL", rules.Int: "INT64", rules.Long: "INT64", rules.Float: "FLOAT64",
			rules.String: "STRING(MAX)", rules.ID: "STRING(MAX)", rules.Date: "DATE", rules.Time: "TIMESTAMP",
			rules.Enum: "STRING(MAX)", rules.Ref: "STRING(128)", rules.UUID: "STRING(36)", rules.Decimal: "STRING(MAX)",
			rules.JSON: "STRING(MAX)", rules.Embedded: "STRING(MAX)",
		},
		key: "STRING(128)", bytes: "BYTES(MAX)", elements: "UNNEST($1) AS _e", element: "_e",
		committed:   "TIMESTAMP NOT NULL OPTIONS (allow_commit_timestamp = true)",
		expires:     ", ROW DELETION POLICY (OLDER_THAN(committed, INTERVAL 2 DAY))",
		tableEnd:    ") PRIMARY KEY ($1)",
		uniqueIndex: "CREATE UNIQUE NULL_FILTERED INDEX ", defaultOpen: " DEFAULT (", defaultEnd: ")",
		text: spannerText, timeLiteral: "TIMESTAMP_MICROS($1)", dateLiteral: "DATE $1",
		trueLiteral: "TRUE", falseLiteral: "FALSE",
	},
}
