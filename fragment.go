package seikan

import "seikan/sadb"

// outside is why a flow is dropped that nothing selects: why, or that a fragment shows no port to those who look for one (RFC 4301 §7).
func outside(f sadb.Flow, why sadb.DropReason) sadb.DropReason {
	if f.Fragment {
		return sadb.DropFragment
	}
	return why
}
