// Package web shows a router to those who watch it: a page of its sessions, the JSON that the page lives on, and whatever metrics
// handler it is given, all on one listener. Nothing here changes the router.
//
// Who may look is decided once for all of it, in guard.go. The page is in assets/ as it is served; there is no build step and nothing
// comes from elsewhere. docs/monitoring.md describes the JSON.
package web
