package main

import (
	"errors"
	"math"
	"testing"
)

// limited is a path that carries packets up to a rate and loses the others, with a sender that has a limit of its own.
func limited(path, sender float64) func(rate float64) (outcome, error) {
	return func(rate float64) (outcome, error) {
		offered := min(rate, sender)
		arrived := min(offered, path)
		return outcome{offered, arrived, 1 - arrived/offered}, nil
	}
}

func TestSearch(t *testing.T) {
	for _, tt := range []struct {
		name         string
		path, sender float64
	}{
		{"above the start", 137000, math.Inf(1)},
		{"below the start", 9300, math.Inf(1)},
		{"at the start", 40000, math.Inf(1)},
		{"fast", 3e6, math.Inf(1)},
		{"sender is the limit", 1e6, 210000},
	} {
		t.Run(tt.name, func(t *testing.T) {
			o, err := search(40000, limited(tt.path, tt.sender))
			if err != nil {
				t.Fatal(err)
			}
			if want := min(tt.path, tt.sender); o.Arrived < 0.95*want || o.Arrived > want || o.Loss >= mostLoss {
				t.Errorf("got %+v, want 95 to 100 %% of %v", o, want)
			}
		})
	}
}

// One trial that was disturbed does not end the search.
func TestSearchDisturbed(t *testing.T) {
	n := 0
	path := limited(150000, math.Inf(1))
	o, err := search(40000, func(rate float64) (outcome, error) {
		if n++; n%3 == 1 {
			return outcome{rate, rate / 2, 0.5}, nil
		}
		return path(rate)
	})
	if err != nil || o.Arrived < 140000 {
		t.Errorf("got %+v, %v, want about 150,000", o, err)
	}
}

func TestSearchNothing(t *testing.T) {
	if o, err := search(40000, limited(1, math.Inf(1))); err != nil || o.Arrived != 0 {
		t.Errorf("got %+v, %v, want nothing found", o, err)
	}
	bad := errors.New("gone")
	if _, err := search(40000, func(float64) (outcome, error) { return outcome{}, bad }); !errors.Is(err, bad) {
		t.Errorf("got %v, want %v", err, bad)
	}
}
