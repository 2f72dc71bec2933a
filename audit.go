package main

import (
	"fmt"
	"os"
	"os/user"

	"flora.dev/flora/store"
)

// commandLine is an entry of the audit for what the user of this machine does to
// a store itself.
func commandLine(action string, detail any) *store.Entry {
	name := fmt.Sprint("uid ", os.Getuid())
	if u, err := user.Current(); err == nil {
		name = u.Username
	}
	return store.NewEntry("", "cli:"+name, action, detail)
}
