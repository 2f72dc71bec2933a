package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"
)

// writeTables puts a table for each study between two comments of a page:
// <!-- table STUDY --> and <!-- end -->. A page without them stays as it is.
func writeTables(page string, figures []figure) error {
	text, err := os.ReadFile(page)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	var b strings.Builder
	rest := string(text)
	for {
		before, after, found := strings.Cut(rest, "<!-- table ")
		b.WriteString(before)
		if !found {
			break
		}
		study, after, begun := strings.Cut(after, " -->\n")
		old, after, ended := strings.Cut(after, "<!-- end -->")
		if !begun || !ended {
			return fmt.Errorf("%s: a table has no end", page)
		}
		of := slices.DeleteFunc(slices.Clone(figures), func(f figure) bool { return f.Study != study })
		fresh := old
		if len(of) > 0 {
			fresh = table(of)
		}
		b.WriteString("<!-- table " + study + " -->\n" + fresh + "<!-- end -->")
		rest = after
	}
	return os.WriteFile(page, []byte(b.String()), 0o644)
}

// table has a row for each series and a column for each point.
func table(figures []figure) string {
	var columns []float64
	var rows []string
	for _, f := range figures {
		if !slices.Contains(columns, f.X) {
			columns = append(columns, f.X)
		}
		if !slices.Contains(rows, f.Series) {
			rows = append(rows, f.Series)
		}
	}
	var b strings.Builder
	write := func(first string, cell func(x float64) string) {
		b.WriteString("| " + first + " |")
		for _, x := range columns {
			b.WriteString(" " + cell(x) + " |")
		}
		b.WriteByte('\n')
	}
	write("", number)
	b.WriteString("|---|" + strings.Repeat("---:|", len(columns)) + "\n")
	for _, series := range rows {
		write(series, func(x float64) string {
			for _, f := range figures {
				if f.Series == series && f.X == x {
					return cell(f)
				}
			}
			return ""
		})
	}
	return b.String()
}

// cell is what a table shows of a figure.
func cell(f figure) string {
	switch f.Study {
	case "callers":
		return fmt.Sprintf("%s/s, %.0f µs, %s/%s", number(round(f.PerSecond)), f.CPU, millis(f.P50), millis(f.P99))
	case "latency":
		return fmt.Sprintf("%s (%.0f)", millis(f.P50), f.More["calls"])
	case "collections":
		return fmt.Sprintf("%.0f", f.CPU)
	}
	return number(round(f.CPU))
}

func round(v float64) float64 {
	switch {
	case v >= 1000:
		return float64(int(v/10+0.5)) * 10
	case v >= 10:
		return float64(int(v + 0.5))
	}
	return float64(int(v*10+0.5)) / 10
}

// millis is microseconds as milliseconds with two digits that count.
func millis(micros float64) string { return number(round(micros/1000)) + " ms" }
