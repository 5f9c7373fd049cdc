package main

// outcome is what came of a trial.
type outcome struct {
	Offered float64 `json:"offered"` // packets a second that were sent
	Arrived float64 `json:"arrived"`
	Loss    float64 `json:"loss"` // share of those sent
}

const (
	mostLoss = 0.01
	steps    = 5    // of the bisection
	again    = 2    // trials of a rate before it is given up: a scheduler's slice at the wrong time is no limit
	lazy     = 0.85 // of the wanted rate: below it the sender itself is the limit
	least    = 500  // packets a second; below it there is nothing to be found
)

// search finds the best outcome with less than mostLoss lost: it doubles the rate while it is carried, or halves it until it is,
// and bisects between the last two.
func search(start float64, trial func(rate float64) (outcome, error)) (best outcome, err error) {
	// carried tries a rate, and says whether the next one may be higher.
	carried := func(rate float64) (ok, limit bool, err error) {
		for range again {
			o, err := trial(rate)
			if err != nil {
				return false, false, err
			}
			if o.Loss < mostLoss {
				if o.Arrived > best.Arrived {
					best = o
				}
				return true, o.Offered < lazy*rate, nil
			}
		}
		return false, false, nil
	}
	low, high := 0.0, 0.0
	for rate := start; low == 0 || high == 0; {
		ok, limit, err := carried(rate)
		switch {
		case err != nil:
			return best, err
		case limit:
			return best, nil
		case ok:
			low, rate = rate, rate*2
		default:
			if high, rate = rate, rate/2; rate < least {
				return best, nil
			}
		}
	}
	for range steps {
		rate := (low + high) / 2
		ok, limit, err := carried(rate)
		switch {
		case err != nil:
			return best, err
		case limit:
			return best, nil
		case ok:
			low = rate
		default:
			high = rate
		}
	}
	return best, nil
}
