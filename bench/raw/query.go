package raw

import (
	"slices"
	"strconv"

	"flora.dev/flora/bench/workload"
	"zombiezen.com/go/sqlite"
)

const columns = "SELECT id, name, price, sku, owner, created_at FROM product "

const (
	oneSQL  = columns + "WHERE id = ? AND owner = ?"
	listSQL = columns + "WHERE owner = ? ORDER BY created_at DESC, id LIMIT ?"

	// nestedSQL is one row for each review. The rows of a product stay together,
	// for CROSS JOIN keeps the order of the loops; those of its reviews come by
	// rowid and are put in order afterwards.
	nestedSQL = `SELECT p.id, p.name, p.price, c.id, c.name, r.id, r.author, r.stars, r.body
FROM (SELECT id, name, price, category_id FROM product WHERE owner = ? ORDER BY created_at DESC, id LIMIT ?) p
CROSS JOIN category c ON c.id = p.category_id
LEFT JOIN review r ON r.rowid IN (SELECT rowid FROM review WHERE product_id = p.id ORDER BY stars DESC, id LIMIT 3)`
)

func (c *conn) one(b *buffers, id, owner string) error {
	s := c.oneStmt
	defer s.Reset()
	s.BindText(1, id)
	s.BindText(2, owner)
	found, err := s.Step()
	if err != nil {
		return err
	}
	if !found {
		b.out = append(b.out, `{"data":{"findProductByID":null}}`...)
		return nil
	}
	b.out = append(b.out, `{"data":{"findProductByID":`...)
	b.product(s)
	b.out = append(b.out, `}}`...)
	return nil
}

func (c *conn) list(b *buffers, owner string) error {
	s := c.listStmt
	defer s.Reset()
	s.BindText(1, owner)
	s.BindInt64(2, workload.Page)
	b.out = append(b.out, `{"data":{"products":{"nodes":[`...)
	for n := 0; ; n++ {
		more, err := s.Step()
		if err != nil {
			return err
		}
		if !more {
			break
		}
		if n > 0 {
			b.out = append(b.out, ',')
		}
		b.product(s)
	}
	b.out = append(b.out, `]}}}`...)
	return nil
}

// product writes a row of columns.
func (b *buffers) product(s *sqlite.Stmt) {
	b.out = appendColumn(append(b.out, `{"_id":`...), s, 0)
	b.out = appendColumn(append(b.out, `,"name":`...), s, 1)
	b.out = strconv.AppendFloat(append(b.out, `,"price":`...), s.ColumnFloat(2), 'f', -1, 64)
	b.out = appendColumn(append(b.out, `,"sku":`...), s, 3)
	b.out = appendColumn(append(b.out, `,"owner":`...), s, 4)
	b.out = appendColumn(append(b.out, `,"createdAt":`...), s, 5)
	b.out = append(b.out, '}')
}

func (c *conn) nested(b *buffers, owner string) error {
	s := c.nestedStmt
	defer s.Reset()
	s.BindText(1, owner)
	s.BindInt64(2, workload.Page)
	b.out = append(b.out, `{"data":{"products":{"nodes":[`...)
	b.id = b.id[:0]
	for {
		more, err := s.Step()
		if err != nil {
			return err
		}
		if !more {
			break
		}
		if b.isNew(s) {
			b.out = appendColumn(append(b.out, `{"_id":`...), s, 0)
			b.out = appendColumn(append(b.out, `,"name":`...), s, 1)
			b.out = strconv.AppendFloat(append(b.out, `,"price":`...), s.ColumnFloat(2), 'f', -1, 64)
			b.out = appendColumn(append(b.out, `,"category":{"_id":`...), s, 3)
			b.out = appendColumn(append(b.out, `,"name":`...), s, 4)
			b.out = append(b.out, `},"reviews":{"nodes":[`...)
		}
		if s.ColumnType(5) != sqlite.TypeNull { // a product may have none
			b.review(s)
		}
	}
	if len(b.id) > 0 {
		b.endReviews()
	}
	b.out = append(b.out, `]}}}`...)
	return nil
}

// isNew reports whether the row is the first of its product; if so, the one
// before is done.
func (b *buffers) isNew(s *sqlite.Stmt) bool {
	n := s.ColumnLen(0)
	b.next = slices.Grow(b.next[:0], n)[:n]
	s.ColumnBytes(0, b.next)
	if string(b.next) == string(b.id) {
		return false
	}
	if len(b.id) > 0 {
		b.endReviews()
		b.out = append(b.out, ',')
	}
	b.id, b.next = b.next, b.id
	return true
}

// written is a review in JSON, with what it is sorted by.
type written struct {
	stars      int64
	start, end int // of the JSON; the _id stands at its start
}

// review writes one aside and sorts it among those of its product.
func (b *buffers) review(s *sqlite.Stmt) {
	w := written{stars: s.ColumnInt64(7), start: len(b.aside)}
	b.aside = appendColumn(append(b.aside, `{"_id":`...), s, 5)
	b.aside = appendColumn(append(b.aside, `,"author":`...), s, 6)
	b.aside = strconv.AppendInt(append(b.aside, `,"stars":`...), w.stars, 10)
	b.aside = appendColumn(append(b.aside, `,"body":`...), s, 8)
	b.aside = append(b.aside, '}')
	w.end = len(b.aside)
	b.reviews = append(b.reviews, w)
	for i := len(b.reviews) - 1; i > 0; i-- {
		before, this := &b.reviews[i-1], &b.reviews[i]
		if before.stars > this.stars || before.stars == this.stars && string(b.aside[before.start:before.end]) < string(b.aside[this.start:this.end]) {
			return
		}
		*before, *this = *this, *before
	}
}

// endReviews closes a product.
func (b *buffers) endReviews() {
	for i, w := range b.reviews {
		if i > 0 {
			b.out = append(b.out, ',')
		}
		b.out = append(b.out, b.aside[w.start:w.end]...)
	}
	b.out = append(b.out, `]}}`...)
	b.reviews, b.aside = b.reviews[:0], b.aside[:0]
}

// appendColumn appends a column as a JSON string.
func appendColumn(out []byte, s *sqlite.Stmt, col int) []byte {
	n := s.ColumnLen(col)
	out = append(out, '"')
	start := len(out)
	out = slices.Grow(out, n+1)[:start+n]
	s.ColumnBytes(col, out[start:])
	if text := out[start:]; !isPlain(text) {
		return appendText(out[:start-1], string(text))
	}
	return append(out, '"')
}

func isPlain[T string | []byte](text T) bool {
	for i := range len(text) {
		if c := text[i]; c < ' ' || c == '"' || c == '\\' {
			return false
		}
	}
	return true
}

// appendText appends a JSON string.
func appendText(out []byte, s string) []byte {
	out = append(out, '"')
	if isPlain(s) {
		return append(append(out, s...), '"')
	}
	for i := range len(s) {
		switch c := s[i]; {
		case c == '"' || c == '\\':
			out = append(out, '\\', c)
		case c < ' ':
			const hex = "0123456789abcdef"
			out = append(out, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
		default:
			out = append(out, c)
		}
	}
	return append(out, '"')
}
