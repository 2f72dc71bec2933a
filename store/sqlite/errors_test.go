package sqlite

import (
	"fmt"
	"path/filepath"
	"testing"

	"zombiezen.com/go/sqlite"
)

// TestLongValue refuses a text that is longer than any answer, while it is made.
func TestLongValue(t *testing.T) {
	c, err := connect(filepath.Join(t.TempDir(), "x.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer c.close()
	for n, tooBig := range map[int]bool{maxValue - 1: false, maxValue + 1: true} {
		_, err := c.int64(fmt.Sprintf("SELECT length(zeroblob(%d))", n))
		if got := sqlite.ErrCode(err) == sqlite.ResultTooBig; got != tooBig {
			t.Errorf("%d bytes: %v", n, err)
		}
	}
}
