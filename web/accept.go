package web

import (
	"mime"
	"net/http"
	"strconv"
	"strings"
)

// The media types of an answer.
const (
	plainJSON   = "application/json"
	graphqlJSON = "application/graphql-response+json"
)

// negotiate picks the media type of the answer (RFC 9110 section 12.5.1):
// the one that Accept weighs higher, application/json between equals and where
// nothing is said, because older clients expect it. ok is false where the
// client takes neither.
func negotiate(h http.Header) (mediaType string, ok bool) {
	accept := strings.TrimSpace(strings.Join(h.Values("Accept"), ","))
	switch accept {
	case "", "*/*", plainJSON:
		return plainJSON, true
	case graphqlJSON:
		return graphqlJSON, true
	}
	var plain, graphql weight
	for part := range strings.SplitSeq(accept, ",") {
		name, params, err := mime.ParseMediaType(strings.TrimSpace(part))
		if err != nil {
			continue
		}
		q := 1.0
		if text, given := params["q"]; given {
			if q, err = strconv.ParseFloat(text, 64); err != nil || q < 0 || q > 1 {
				continue
			}
		}
		switch name {
		case plainJSON:
			plain.raise(q, 2)
		case graphqlJSON:
			graphql.raise(q, 2)
		case "application/*":
			plain.raise(q, 1)
			graphql.raise(q, 1)
		case "*/*":
			plain.raise(q, 0)
			graphql.raise(q, 0)
		}
	}
	switch {
	case plain.q <= 0 && graphql.q <= 0:
		return plainJSON, false
	case graphql.beats(plain):
		return graphqlJSON, true
	}
	return plainJSON, true
}

// weight is what Accept says of one media type: the most specific range counts.
type weight struct {
	q        float64
	specific int
	set      bool
}

func (w *weight) raise(q float64, specific int) {
	if !w.set || specific > w.specific || specific == w.specific && q > w.q {
		*w = weight{q, specific, true}
	}
}

// beats prefers a type that was named over one that only a wildcard covers.
func (w weight) beats(o weight) bool {
	return w.q > o.q || w.q == o.q && w.specific > o.specific
}
