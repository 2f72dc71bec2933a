package resolvers

// atomic takes the operators of an update.
func (q *request) atomic(w *write) error {
	for _, op := range []string{"inc", "append", "prepend", "remove"} {
		if w.field.Args[op] != nil {
			return fail(w.field, below(rootPath(w.field), op), codeNotImplemented, "%s is not supported yet", op)
		}
	}
	return nil
}
