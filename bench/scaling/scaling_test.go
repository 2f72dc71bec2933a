package main

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

// TestLate sends pieces close behind each other: each arrives whole and in
// order, by the delay later, not by a delay for each before it.
func TestLate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const delay = 20 * time.Millisecond
		from, to := io.Pipe()
		out := &clocked{start: time.Now()}
		go func() {
			for _, piece := range []string{"a", "bc", "d"} {
				to.Write([]byte(piece))
				time.Sleep(time.Millisecond)
			}
			to.Close()
		}()
		if err := late(out, from, delay); err != nil {
			t.Fatal(err)
		}
		if got, want := out.String(), "abcd"; got != want {
			t.Errorf("arrived: %q, want %q", got, want)
		}
		want := []time.Duration{delay, delay + time.Millisecond, delay + 2*time.Millisecond}
		if diff := cmp.Diff(want, out.at); diff != "" {
			t.Errorf("arrived at (-want +got):\n%s", diff)
		}
	})
}

// clocked notes when it was written to.
type clocked struct {
	bytes.Buffer
	start time.Time
	at    []time.Duration
}

func (c *clocked) Write(p []byte) (int, error) {
	c.at = append(c.at, time.Since(c.start))
	return c.Buffer.Write(p)
}

func TestLateTellsWhatBroke(t *testing.T) {
	broken := errors.New("broken")
	from, to := io.Pipe()
	to.CloseWithError(broken)
	if err := late(io.Discard, from, 0); !errors.Is(err, broken) {
		t.Errorf("error %v, want %v", err, broken)
	}
}

func TestAxis(t *testing.T) {
	for _, tt := range []struct {
		name      string
		log       bool
		low, high float64
		ticks     []float64
	}{
		{"linear from zero", false, 30, 95, []float64{0, 20, 40, 60, 80, 100}},
		{"log within a decade", true, 150, 900, []float64{100, 200, 500, 1000}},
		{"log over many", true, 3, 5e4, []float64{1, 10, 100, 1000, 1e4, 1e5}},
		{"one value", true, 20, 20, []float64{20, 50}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			a := newAxis(tt.log, tt.low, tt.high)
			approximately := cmp.Comparer(func(a, b float64) bool { return a == b || a/b > 0.9999 && a/b < 1.0001 })
			if diff := cmp.Diff(tt.ticks, a.ticks, approximately); diff != "" {
				t.Errorf("ticks (-want +got):\n%s", diff)
			}
			if l, h := a.at(tt.low), a.at(tt.high); l < -1e-9 || h > 1+1e-9 || h < l {
				t.Errorf("%v and %v lie at %v and %v", tt.low, tt.high, l, h)
			}
		})
	}
}

func TestChartIsXML(t *testing.T) {
	c := chart{Title: "a < b & c", X: "x", Y: "µs", LogX: true, LogY: true, Lines: lines([]figure{
		{Series: "<one>", X: 1, CPU: 10}, {Series: "<one>", X: 1000, CPU: 900}, {Series: "none", X: 1},
	}, cpu)}
	if len(c.Lines) != 1 || len(c.Lines[0].Points) != 2 {
		t.Errorf("lines %v, want one with two points", c.Lines)
	}
	d := xml.NewDecoder(strings.NewReader(c.svg()))
	for {
		if _, err := d.Token(); err == io.EOF {
			break
		} else if err != nil {
			t.Fatal(err)
		}
	}
}

// TestTables replaces the table of a study that was measured and leaves the rest.
func TestTables(t *testing.T) {
	page := filepath.Join(t.TempDir(), "page.md")
	text := "a\n<!-- table width -->\nold\n<!-- end -->\nb\n<!-- table depth -->\nkept\n<!-- end -->\n"
	if err := os.WriteFile(page, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	err := writeTables(page, []figure{{Study: "width", Series: "s", X: 1, CPU: 12.3}, {Study: "width", Series: "s", X: 20000, CPU: 1234}, {Study: "width", Series: "t", X: 1, CPU: 2}})
	if err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	want := "a\n<!-- table width -->\n|  | 1 | 20k |\n|---|---:|---:|\n| s | 12 | 1230 |\n| t | 2 |  |\n<!-- end -->\nb\n<!-- table depth -->\nkept\n<!-- end -->\n"
	if diff := cmp.Diff(want, string(got)); diff != "" {
		t.Errorf("page (-want +got):\n%s", diff)
	}
}
