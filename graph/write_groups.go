package graph

import (
	"math/big"
	"strconv"

	"flora.dev/flora/rules"
	"flora.dev/flora/schema"
)

// groups writes the text [[node*]] as a list of objects.
func (w *writer) groups(s *schema.Shape, p int) int {
	outer, in := elements{w: w}, elements{w: w}
	if !outer.open(p) || !outer.seek(0) || !in.open(outer.at) {
		return broken
	}
	w.buf = append(w.buf, '[')
	for in.more() {
		if in.i == s.Page.Size {
			w.err = exceeds("too many groups, restrict them with where or group by less", "more", s.Page.Size)
			return broken
		}
		if in.i > 0 {
			w.buf = append(w.buf, ',')
		}
		w.push(step{index: in.i})
		if !in.read(w.node(s.Members, in.at)) {
			return broken
		}
		w.pop()
	}
	w.buf = append(w.buf, ']')
	if !outer.read(in.close()) {
		return broken
	}
	return outer.close()
}

// sum writes a sum. Whole numbers that 64 bits do not hold are null.
func (w *writer) sum(kind rules.Kind, p int) int {
	sum, end := w.exact(p)
	if end != broken {
		w.number(kind, sum)
	}
	return end
}

// avg writes a sum divided by a count.
func (w *writer) avg(kind rules.Kind, p int) int {
	in := elements{w: w}
	if !in.open(p) || !in.seek(0) {
		return broken
	}
	sum, end := w.exact(in.at)
	if !in.read(end) || !in.seek(1) {
		return broken
	}
	end = w.digits(in.at)
	n, err := strconv.ParseInt(w.text[in.at:end], 10, 64)
	if err != nil {
		return w.malformed(in.at, "a count")
	}
	if sum != nil && n > 0 {
		sum.Quo(sum, new(big.Rat).SetInt64(n))
	}
	w.number(kind, sum)
	if !in.read(end) {
		return broken
	}
	return in.close()
}

// exact reads the number in the string at p, nil for null.
func (w *writer) exact(p int) (x *big.Rat, end int) {
	if w.null(p) {
		return nil, p + len("null")
	}
	text, end := w.unquote(p)
	if end == broken {
		return nil, broken
	}
	x, ok := new(big.Rat).SetString(text)
	if !ok {
		return nil, w.malformed(p, "decimal digits")
	}
	return x, end
}

func (w *writer) number(kind rules.Kind, x *big.Rat) {
	switch {
	case x == nil, kind != rules.Float && kind != rules.Decimal && !(x.IsInt() && x.Num().IsInt64()):
		w.buf = append(w.buf, "null"...)
	case kind == rules.Float:
		f, _ := x.Float64()
		w.buf = appendFloat(w.buf, f)
	case kind == rules.Decimal:
		text, _ := rules.CanonicalDecimal(x.FloatString(9))
		w.buf = appendString(w.buf, text)
	default:
		w.buf = x.Num().Append(w.buf, 10)
	}
}
