package workload

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

// WriteLines writes the documents into a folder as flora import reads them.
func WriteLines(dir string) (err error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	type object = map[string]any
	var files [3]*os.File
	var writers [3]*bufio.Writer
	for i, name := range []string{"Category", "Product", "Review"} {
		if files[i], err = os.Create(filepath.Join(dir, name+".jsonl")); err != nil {
			return err
		}
		defer files[i].Close()
		writers[i] = bufio.NewWriter(files[i])
	}
	write := func(file int, o object) {
		if err == nil {
			err = json.NewEncoder(writers[file]).Encode(o)
		}
	}
	for _, c := range AllCategories() {
		write(0, object{"_id": c.ID, "name": c.Name})
	}
	for p := range AllProducts() {
		write(1, object{
			"_id": p.ID, "name": p.Name, "sku": p.SKU, "price": p.Price, "owner": p.Owner, "createdAt": p.CreatedAt.Format(time.RFC3339), "category": p.Category,
		})
		for _, r := range p.Reviews {
			write(2, object{"_id": r.ID, "author": r.Author, "stars": r.Stars, "body": r.Body, "product": p.ID})
		}
	}
	for i := range files {
		if err == nil {
			err = writers[i].Flush()
		}
		if err == nil {
			err = files[i].Close()
		}
	}
	if err != nil {
		return fmt.Errorf("write documents: %w", err)
	}
	return nil
}
