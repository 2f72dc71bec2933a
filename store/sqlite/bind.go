package sqlite

import (
	"encoding/json"
	"fmt"
	"math"
	"strconv"

	"flora.dev/flora/rules"
	"zombiezen.com/go/sqlite"
)

// bind gives parameter i a value: Booleans are 0 and 1, times microseconds,
// lists JSON text.
func bind(s *sqlite.Stmt, i int, v rules.Value) error {
	if v.List && v.V != nil {
		text, err := listText(v)
		if err != nil {
			return err
		}
		s.BindText(i, text)
		return nil
	}
	switch x := v.V.(type) {
	case nil:
		s.BindNull(i)
	case bool:
		s.BindBool(i, x)
	case int64:
		s.BindInt64(i, x)
	case float64:
		if math.IsNaN(x) || math.IsInf(x, 0) {
			return fmt.Errorf("bind parameter %d: %v is not finite", i, x)
		}
		s.BindFloat(i, x)
	case string:
		s.BindText(i, x)
	default:
		return fmt.Errorf("bind parameter %d: %s has a value of type %T", i, v.Kind, x)
	}
	return nil
}

func listText(v rules.Value) (string, error) {
	elements, ok := v.V.([]any)
	if !ok {
		return "", fmt.Errorf("bind list of %s: value of type %T", v.Kind, v.V)
	}
	b := []byte{'['}
	for i, e := range elements {
		if i > 0 {
			b = append(b, ',')
		}
		switch x := e.(type) {
		case bool:
			b = strconv.AppendBool(b, x)
		case int64:
			b = strconv.AppendInt(b, x, 10)
		case float64:
			if math.IsNaN(x) || math.IsInf(x, 0) {
				return "", fmt.Errorf("bind list of %s: %v is not finite", v.Kind, x)
			}
			// The exponent makes it a REAL whatever its value.
			b = strconv.AppendFloat(b, x, 'e', -1, 64)
		case string:
			text, err := json.Marshal(x)
			if err != nil {
				return "", fmt.Errorf("bind list of %s: %w", v.Kind, err)
			}
			b = append(b, text...)
		default:
			return "", fmt.Errorf("bind list of %s: element of type %T", v.Kind, e)
		}
	}
	return string(append(b, ']')), nil
}
