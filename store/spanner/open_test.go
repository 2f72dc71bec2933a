package spanner_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"flora.dev/flora/store"
	"flora.dev/flora/store/spanner"
	"flora.dev/flora/store/spanner/emulator"
)

func TestOpenRefuses(t *testing.T) {
	t.Parallel()
	host := emulator.Host(t)
	for _, c := range []struct {
		name, database, host string
		want                 string
		is                   error
	}{
		{"another form", "projects/p/databases/d", host, "want spanner:projects/P/instances/I/databases/D", nil},
		{"no database", emulator.Name(t), host, "no such database", nil},
		{"no instance", "projects/p/instances/none/databases/d", host, "no such database", nil},
		{"unreachable", "projects/p/instances/i/databases/d", "127.0.0.1:1", "no answer from the emulator at 127.0.0.1:1", store.ErrUnavailable},
	} {
		started := time.Now()
		db, err := spanner.Open(t.Context(), c.database, spanner.Options{Emulator: c.host, Connect: time.Second})
		if err == nil {
			db.Close()
			t.Errorf("%s: no error", c.name)
			continue
		}
		if !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: %v, want one line with %q", c.name, err, c.want)
		}
		if c.is != nil && !errors.Is(err, c.is) {
			t.Errorf("%s: %v is not %v", c.name, err, c.is)
		}
		if d := time.Since(started); d > 5*time.Second {
			t.Errorf("%s: took %s", c.name, d)
		}
	}
}

func TestOpenCreates(t *testing.T) {
	t.Parallel()
	name := emulator.Name(t)
	for range 2 { // the second finds what the first made
		db := open(t, name, spanner.Options{Create: true})
		if _, err := db.Deployed(t.Context(), 0); !errors.Is(err, store.ErrNoSchema) {
			t.Errorf("empty database: %v", err)
		}
	}
}
