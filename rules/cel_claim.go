package rules

import (
	"encoding/json"
	"math/big"
	"strconv"
	"strings"
)

// celClaims turns decoded JSON into CEL's types. A number that neither a
// 64-bit integer nor the shortest form of a double holds exactly becomes
// something that CEL cannot use: unknown.
func celClaims(in map[string]any) map[string]any {
	out := make(map[string]any, len(in))
	for k, v := range in {
		out[k] = celClaim(v)
	}
	return out
}

type inexact struct{}

func celClaim(v any) any {
	switch v := v.(type) {
	case map[string]any:
		return celClaims(v)
	case []any:
		out := make([]any, len(v))
		for i, x := range v {
			out[i] = celClaim(x)
		}
		return out
	case json.Number:
		s := v.String()
		if i, err := strconv.ParseInt(s, 10, 64); err == nil {
			return i
		}
		f, err := strconv.ParseFloat(s, 64)
		if err != nil || len(s) > 64 || hugeExponent(s) {
			return inexact{}
		}
		if i, ok := exactInt(f); ok {
			if sameNumber(s, strconv.FormatInt(i, 10)) {
				return i
			}
		}
		if sameNumber(s, strconv.FormatFloat(f, 'g', -1, 64)) {
			return f
		}
		return inexact{}
	case nil, bool, string:
		return v
	}
	return native(toCEL(v))
}

// hugeExponent keeps exact arithmetic small: 1e-999999 is no use to anyone.
func hugeExponent(s string) bool {
	i := strings.IndexAny(s, "eE")
	if i < 0 {
		return false
	}
	n, err := strconv.Atoi(s[i+1:])
	return err != nil || n > 400 || n < -400
}

func sameNumber(a, b string) bool {
	x, ok1 := new(big.Rat).SetString(a)
	y, ok2 := new(big.Rat).SetString(b)
	return ok1 && ok2 && x.Cmp(y) == 0
}
