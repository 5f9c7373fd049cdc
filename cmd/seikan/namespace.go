package main

import "seikan/internal/netns"

// namespace is a network namespace: one that is made anew under the same name is another one.
type namespace struct {
	name string // "": that of the process
	id   netns.ID
}

func findNamespace(name string) (namespace, error) {
	id, err := netns.Find(name)
	return namespace{name, id}, err
}
