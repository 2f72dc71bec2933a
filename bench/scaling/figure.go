package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
)

// figure is what was measured at one point.
type figure struct {
	Study     string             `json:"study"`
	Series    string             `json:"series"`
	X         float64            `json:"x"`
	CPU       float64            `json:"cpuMicros,omitempty"` // of the server, for a request
	PerSecond float64            `json:"perSecond,omitempty"`
	P50       float64            `json:"p50Micros,omitempty"`
	P99       float64            `json:"p99Micros,omitempty"`
	MiB       float64            `json:"residentMiB,omitempty"`
	More      map[string]float64 `json:"more,omitempty"`
}

// readFigures reads lines of JSON; without a file there are none.
func readFigures(name string) (list []figure, err error) {
	text, err := os.ReadFile(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	lines := bufio.NewScanner(bytes.NewReader(text))
	for lines.Scan() {
		var f figure
		if err := json.Unmarshal(lines.Bytes(), &f); err != nil {
			return nil, fmt.Errorf("read %s: %w", name, err)
		}
		list = append(list, f)
	}
	return list, nil
}

func writeFigures(name string, list []figure) error {
	var b bytes.Buffer
	for _, f := range list {
		line, err := json.Marshal(f)
		if err != nil {
			return fmt.Errorf("write %s: %w", name, err)
		}
		b.Write(append(line, '\n'))
	}
	return os.WriteFile(name, b.Bytes(), 0o644)
}

// lines makes the lines of a chart: one for each series, in their order, with
// what of returns as height; a figure for which that is 0 has no point.
func lines(figures []figure, of func(figure) float64) []line {
	var list []line
	index := map[string]int{}
	for _, f := range figures {
		y := of(f)
		if y == 0 {
			continue
		}
		i, known := index[f.Series]
		if !known {
			i = len(list)
			index[f.Series] = i
			list = append(list, line{Name: f.Series})
		}
		list[i].Points = append(list[i].Points, xy{f.X, y})
	}
	return list
}

func cpu(f figure) float64 { return f.CPU }

// showCPU is a chart of the CPU of a request.
func showCPU(title, x string, log bool) func([]figure) []chart {
	return func(list []figure) []chart {
		return []chart{{Title: title, X: x, Y: "CPU of the server for a request, µs", LogX: log, LogY: log, Lines: lines(list, cpu)}}
	}
}
