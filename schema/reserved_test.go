package schema

import (
	"strings"
	"testing"
)

// The types behind _can have names of their own.
func TestReservedTypes(t *testing.T) {
	for _, tt := range []struct{ sdl, want string }{
		{`type Can @auth(read: "signedIn") { x: Int }`, "f:1:6: type Can has the name of a generated type: what a caller may do with a document"},
		{`type A @auth(read: "signedIn") { x: FieldCan } enum FieldCan { X }`, "enum FieldCan has the name of a generated type: what a caller may do with a field"},
		{`type A @auth(read: "signedIn") { _can: Int }`, "_can"},
		{`type Cane @auth(read: "signedIn") { can: Int }`, ""},
	} {
		_, err := Load("f", []byte(tt.sdl))
		if got := err != nil; got != (tt.want != "") || got && !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s\ngot  %v\nwant %s", tt.sdl, err, tt.want)
		}
	}
}
