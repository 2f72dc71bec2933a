package deploy

import (
	"fmt"
	"io"
	"strings"
)

// listed bounds what of a long list is printed.
const listed = 4

// PrintClients writes what breaks for clients, for a person: every change that
// is not safe with the operations of dir that it hits, then what operations
// fail of. An empty dir says that no operations were read. Safe changes are
// counted, or listed too with all.
func PrintClients(w io.Writer, breaks []Break, operations []OperationBreak, dir string, all bool) {
	counts := map[Severity]int{}
	for _, b := range breaks {
		counts[b.Severity]++
	}
	fmt.Fprintf(w, "clients: %d breaking, %d dangerous, %d safe\n", counts[Breaking], counts[Dangerous], counts[Safe])
	for _, b := range breaks {
		if b.Severity == Safe && !all {
			continue
		}
		fmt.Fprintf(w, "  %s\n", b)
		if len(b.Also) > 0 {
			var paths []string
			for _, also := range b.Also[:min(len(b.Also), listed)] {
				paths = append(paths, also.Path)
			}
			if more := len(b.Also) - listed; more > 0 {
				paths = append(paths, fmt.Sprintf("%d more", more))
			}
			fmt.Fprintf(w, "    with it %s\n", strings.Join(paths, ", "))
		}
		if dir != "" && b.Severity != Safe {
			b.printHits(w, operations, dir)
		}
	}
	if dir != "" {
		printOperations(w, operations, dir)
	}
}

// printHits writes the operations that a break concerns.
func (b *Break) printHits(w io.Writer, operations []OperationBreak, dir string) {
	n := 0
	for _, o := range operations {
		for _, h := range o.Hits {
			if h.Break != b.Path {
				continue
			}
			how := string(o.Outcome)
			if h.Variable != "" {
				how += ", perhaps, by $" + h.Variable
			}
			if n++; n <= 2*listed {
				fmt.Fprintf(w, "    hits %s at %s (%s)\n", o.Name, h.At, how)
			}
		}
	}
	switch {
	case n == 0:
		fmt.Fprintf(w, "    no operation in %s uses it\n", dir)
	case n > 2*listed:
		fmt.Fprintf(w, "    hits %d more\n", n-2*listed)
	}
}

// printOperations writes a summary, and the reasons of what is no longer valid,
// was not before, or was not read.
func printOperations(w io.Writer, operations []OperationBreak, dir string) {
	counts := map[Outcome]int{}
	for _, o := range operations {
		counts[o.Outcome]++
	}
	fmt.Fprintf(w, "operations in %s:", dir)
	if len(operations) == 0 {
		fmt.Fprint(w, " none found")
	}
	sep := " "
	for _, outcome := range []Outcome{Fails, Affected, Risky, Untouched, Invalid, Skipped} {
		if counts[outcome] > 0 {
			fmt.Fprintf(w, "%s%d %s", sep, counts[outcome], outcome)
			sep = ", "
		}
	}
	fmt.Fprintln(w)
	for _, section := range []struct {
		outcome Outcome
		title   string
	}{{Fails, "fails"}, {Invalid, "invalid before and now"}, {Skipped, "skipped"}} {
		for _, o := range operations {
			if o.Outcome != section.outcome {
				continue
			}
			fmt.Fprintf(w, "  %s: %s  %s", section.title, o.Name, o.At)
			for _, r := range o.Reasons {
				if r.At != o.At {
					fmt.Fprintf(w, "\n    %s", r.At)
				}
				fmt.Fprintf(w, "  %s", r.Message)
			}
			fmt.Fprintln(w)
		}
	}
}
