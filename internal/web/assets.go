package web

import (
	"bytes"
	"embed"
	"net/http"
	"time"
)

//go:embed assets
var assets embed.FS

// pages is what is served, by its path.
var pages = []struct{ pattern, file string }{
	{"/{$}", "index.html"},
	{"/app.js", "app.js"},
	{"/format.js", "format.js"},
	{"/plot.js", "plot.js"},
	{"/style.css", "style.css"},
	{"/icon.svg", "icon.svg"},
}

// addAssets adds the page. A file that is not there panics at the start.
func addAssets(mux *http.ServeMux) {
	for _, p := range pages {
		text, err := assets.ReadFile("assets/" + p.file)
		if err != nil {
			panic("web: asset: " + err.Error())
		}
		mux.HandleFunc(p.pattern, func(w http.ResponseWriter, r *http.Request) {
			http.ServeContent(w, r, p.file, time.Time{}, bytes.NewReader(text))
		})
	}
}
