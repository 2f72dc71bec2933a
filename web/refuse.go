package web

import (
	"encoding/json"
	"net/http"
	"strconv"
)

// notFound is the one code that no operation has.
const notFound = "NOT_FOUND"

// refuse answers without running anything: a GraphQL error body of one error.
func refuse(w http.ResponseWriter, r *http.Request, status int, code, message string) {
	t := traceOf(w)
	t.code = code
	body, err := json.Marshal(errorBody{Errors: []errorEntry{{message, errorExtensions{code, t.id}}}})
	if err != nil {
		panic("encode error body: " + err.Error()) // strings only: cannot fail
	}
	mediaType, _ := negotiate(r.Header)
	writeJSON(w, r, status, mediaType, body)
}

type errorBody struct {
	Errors []errorEntry `json:"errors"`
}

type errorEntry struct {
	Message    string          `json:"message"`
	Extensions errorExtensions `json:"extensions"`
}

type errorExtensions struct {
	Code      string `json:"code"`
	RequestID string `json:"requestId,omitempty"`
}

func writeJSON(w http.ResponseWriter, r *http.Request, status int, mediaType string, body []byte) {
	h := w.Header()
	private(h)
	if h["Content-Type"] = jsonUTF8; mediaType != plainJSON {
		h["Content-Type"] = []string{mediaType + "; charset=utf-8"}
	}
	h["Content-Length"] = []string{strconv.Itoa(len(body))}
	w.WriteHeader(status)
	if r.Method != http.MethodHead {
		w.Write(body) // an error means that the client left
	}
}

// private keeps an answer out of caches: it depends on who asked.
func private(h http.Header) {
	h["Cache-Control"] = noStore
	h["Vary"] = varies
}
