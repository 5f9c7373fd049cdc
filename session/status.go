package session

import "fmt"

// Status is how a session stands.
type Status uint8

// Statuses.
const (
	Down            Status = iota // nothing is there
	DownNegotiating               // an IKE SA, but none that is usable, and no IPsec SA
	UpNoIKE                       // IPsec SAs without a usable IKE SA
	UpIdle                        // an IKE SA without IPsec SAs
	UpActive                      // both
)

var statusText = [...]string{
	Down: "DOWN", DownNegotiating: "DOWN-NEGOTIATING", UpNoIKE: "UP-NO-IKE", UpIdle: "UP-IDLE", UpActive: "UP-ACTIVE",
}

// Statuses is all of them, the worst first.
func Statuses() []Status { return []Status{Down, DownNegotiating, UpNoIKE, UpIdle, UpActive} }

// Up reports whether it is one of the three that begin with UP.
func (s Status) Up() bool { return s >= UpNoIKE }

func (s Status) String() string { return statusText[s] }

// MarshalText is String, for JSON.
func (s Status) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText reads what MarshalText wrote.
func (s *Status) UnmarshalText(text []byte) error {
	for i, t := range statusText {
		if t == string(text) {
			*s = Status(i)
			return nil
		}
	}
	return fmt.Errorf("session: no status %q", text)
}

// StatusOf is the status of a session from what it has: whether one of its IKE SAs is Active, whether it has any, and how
// many IPsec SAs serve it.
func StatusOf(ikeActive, ikeExists bool, ipsecSAs int) Status {
	switch {
	case ipsecSAs > 0 && ikeActive:
		return UpActive
	case ipsecSAs > 0:
		return UpNoIKE
	case ikeActive:
		return UpIdle
	case ikeExists:
		return DownNegotiating
	}
	return Down
}
