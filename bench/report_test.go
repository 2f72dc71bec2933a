package main

import (
	"encoding/json"
	"encoding/xml"
	"errors"
	"io"
	"strings"
	"testing"

	"flora.dev/flora/bench/load"
)

func testReport(t *testing.T) *report {
	t.Helper()
	var lines strings.Builder
	e := json.NewEncoder(&lines)
	e.Encode(measurement{Machine: "a machine"})
	add := func(peer, operation string, round int, steady bool, r load.Result) {
		if err := e.Encode(measurement{Peer: peer, Operation: operation, Round: round, Steady: steady, Started: 40, IdleMiB: 50, Result: r}); err != nil {
			t.Fatal(err)
		}
	}
	for round, cpu := range []float64{100, 300, 200} { // the machine's mood, which both are under
		add("raw", "Q1", round, false, load.Result{ServerCPU: cpu, PerSecond: 1000, P50: 100, P99: 300})
		add("flora", "Q1", round, false, load.Result{ServerCPU: cpu * 1.1, PerSecond: 900, P50: 200, P99: 900})
		add("flora", "Q1", round, true, load.Result{ServerCPU: cpu, PerSecond: 600, P50: 100, P99: 600})
		add("raw", "Q1", round, true, load.Result{ServerCPU: cpu, PerSecond: 600, P50: 900_000, P99: 1_000_000}) // it fell behind
		add("raw", "M1", round, false, load.Result{ServerCPU: cpu, PerSecond: 1000})
		add("flora", "M1", round, false, load.Result{ServerCPU: cpu, PerSecond: 3500, Errors: 1, LastError: "500 <oops>"})
		add("pocketbase", "Q1", round, false, load.Result{ServerCPU: cpu * 4.4})
	}
	r, err := readReport(strings.NewReader(lines.String()))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// TestMarkdown: ratios are of the same round, so what slows a whole round down
// is not in them.
func TestMarkdown(t *testing.T) {
	table := testReport(t).markdown()
	for _, want := range []string{
		"a machine. Medians of 3 interleaved rounds",
		"\n| | Q1 | M1 |\n",
		"| flora | 220 (1.10) | 200 (1.00) |\n",
		"| raw | 200 | 200 |\n",
		"| pocketbase | 880 (4.40) |  |\n",
		"| flora | 900 (0.90) | 3500 (3.50) |\n",
		"| flora | 0.10, 0.6 (6.0) |  |\n",
		"| raw | 900.00, 1000.0 (10000.0) |  |\n",
		"| 3 (500 <oops>) |\n",
		"| CPU of Q1 to raw | at most 1.15 | 1.10 | met |\n",
		"| throughput of M1 to raw | at least 3.00 | 3.50 | met |\n",
		"| CPU of Q1 in pocketbase to Flora's | at least 4.00 | 4.00 | met |\n",
		"| p99 to p50 of Q1 at 70 % | at most 5.0 | 6.0 | missed |\n",
	} {
		if !strings.Contains(table, want) {
			t.Errorf("no %q in\n%s", want, table)
		}
	}
	if strings.Contains(table, "M2") {
		t.Errorf("M2 was not measured:\n%s", table)
	}
}

func TestPlot(t *testing.T) {
	bars := map[string]string{} // height and colour by width
	for d := xml.NewDecoder(strings.NewReader(testReport(t).plot())); ; {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		if e, ok := token.(xml.StartElement); ok && e.Name.Local == "rect" {
			a := map[string]string{}
			for _, attr := range e.Attr {
				a[attr.Name.Local] = attr.Value
			}
			bars[a["width"]] = a["fill"]
		}
	}
	// 510 pixels are pocketbase's 880 us of Q1 and, in its own panel, 200 us of M1.
	for width, fill := range map[string]string{"127.5": colour("flora"), "115.9": colour("raw"), "100%": "#fff"} {
		if bars[width] != fill {
			t.Errorf("no bar %s wide of %s in %v", width, fill, bars)
		}
	}
}
