// Package metrics shows a router to Prometheus.
//
// A scrape reads one Stats, and the sessions a few at a time, so that the router's work goes on between; nothing is kept between scrapes
// and there is no registry that anything could be added to. The table in names.go is all that there is; docs/monitoring.md explains it.
//
// The number of series is bounded by the configuration: those of sessions and flows are only of configured ones, and each has a fixed
// number of reasons and directions. What strangers do changes numbers, and adds no series.
package metrics
