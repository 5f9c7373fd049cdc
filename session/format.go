package session

import "fmt"

// Format is the style of listings.
type Format uint8

// Styles.
const (
	Classic Format = iota // as the feature was first described
	XE                    // with title and legend, session IDs and uptimes, as later systems have it
)

var formatText = [...]string{Classic: "classic", XE: "xe"}

func (f Format) String() string { return formatText[f] }

// ParseFormat is the Format with a name.
func ParseFormat(name string) (Format, error) {
	for i, t := range formatText {
		if t == name {
			return Format(i), nil
		}
	}
	return 0, fmt.Errorf("session: no format %q", name)
}
