package raw

import (
	"path/filepath"
	"testing"

	"flora.dev/flora/bench/workload"
)

// BenchmarkNested is the statement of Q3 with its answer, without HTTP.
func BenchmarkNested(b *testing.B) {
	file := filepath.Join(b.TempDir(), "raw.db")
	if err := Create(file, workload.AllProducts()); err != nil {
		b.Fatal(err)
	}
	s, err := open(file, "FULL")
	if err != nil {
		b.Fatal(err)
	}
	c := <-s.readers
	buf := &buffers{}
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		buf.out = buf.out[:0]
		if err := c.nested(buf, workload.OwnerID(i*7%workload.Owners)); err != nil {
			b.Fatal(err)
		}
	}
	b.SetBytes(int64(len(buf.out)))
}
