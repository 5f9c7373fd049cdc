package metrics

import (
	"net/http"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	dto "github.com/prometheus/client_model/go"
)

// maxScrapes is how many scrapes are answered at a time; others hear 503.
const maxScrapes = 2

// Handler answers scrapes.
func Handler(src Source, info Info) http.Handler {
	slots := make(chan struct{}, maxScrapes)
	process := prometheus.NewRegistry()
	process.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		select {
		case slots <- struct{}{}:
			defer func() { <-slots }()
		default:
			http.Error(w, "too many scrapes at a time", http.StatusServiceUnavailable)
			return
		}
		families, err := collect(r.Context(), src, info)
		if err != nil {
			http.Error(w, "the router does not answer", http.StatusServiceUnavailable)
			return
		}
		all := func() ([]*dto.MetricFamily, error) {
			more, err := process.Gather()
			return append(families, more...), err
		}
		promhttp.HandlerFor(prometheus.GathererFunc(all), promhttp.HandlerOpts{ErrorHandling: promhttp.HTTPErrorOnError}).ServeHTTP(w, r)
	})
}
