package resolvers

import (
	"reflect"

	"flora.dev/flora/rules"
)

// same reports whether two plans say the same, where a value that is given in
// the first is what given says. Collections and fields are the same only if they
// are one. Of functions it is compared whether there are any.
func same(a, b any, given func(rules.Given) any) bool {
	return sameValue(reflect.ValueOf(a), reflect.ValueOf(b), given)
}

func sameValue(a, b reflect.Value, given func(rules.Given) any) bool {
	if a.IsValid() != b.IsValid() || a.IsValid() && a.Type() != b.Type() {
		return false
	}
	switch a.Kind() {
	case reflect.Invalid:
		return true
	case reflect.Interface:
		x, y := a.Elem(), b.Elem()
		if x.IsValid() && x.Type() == reflect.TypeFor[rules.Given]() {
			x = reflect.ValueOf(given(rules.Given(x.Int())))
		}
		return sameValue(x, y, given)
	case reflect.Pointer:
		switch {
		case a.Pointer() == b.Pointer():
			return true
		case a.IsNil() || b.IsNil() || a.Type() == reflect.TypeFor[*rules.Field]() || a.Type() == reflect.TypeFor[*rules.Object]():
			return false
		}
		return sameValue(a.Elem(), b.Elem(), given)
	case reflect.Func:
		return a.IsNil() == b.IsNil()
	case reflect.Struct:
		for i := range a.NumField() {
			if !sameValue(a.Field(i), b.Field(i), given) {
				return false
			}
		}
		return true
	case reflect.Slice, reflect.Array:
		if a.Len() != b.Len() {
			return false
		}
		for i := range a.Len() {
			if !sameValue(a.Index(i), b.Index(i), given) {
				return false
			}
		}
		return true
	}
	return a.Comparable() && a.Equal(b)
}
