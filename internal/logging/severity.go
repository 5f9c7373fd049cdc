package logging

import "strings"

// Severity is how bad a message is (RFC 5424 §6.2.1): the less the worse.
type Severity uint8

// Severities.
const (
	Emergency Severity = iota
	Alert
	Critical
	Error
	Warning
	Notice
	Informational
	Debug

	numSeverities = iota
)

// severityNames are the words of the command line, by severity.
var severityNames = [numSeverities]string{
	"emergencies", "alerts", "critical", "errors", "warnings", "notifications", "informational", "debugging",
}

// SeverityNames are the words for severities, the worst first. The result belongs to the caller.
func SeverityNames() []string { return append([]string(nil), severityNames[:]...) }

func (s Severity) String() string { return severityNames[min(s, Debug)] }

// Level is the least severity that goes to a place. The zero value is for the place's default.
type Level uint8

// Off lets nothing through. The levels above it are those of severities.
const (
	Default Level = iota
	Off
	firstLevel
)

// LevelOf is the level that lets a severity and all that is worse through.
func LevelOf(s Severity) Level { return firstLevel + Level(min(s, Debug)) }

// Or is l, or d for the default.
func (l Level) Or(d Level) Level {
	if l == Default {
		return d
	}
	return l
}

// Passes reports whether messages of a severity go through.
func (l Level) Passes(s Severity) bool { return l >= firstLevel && Level(s) <= l-firstLevel }

// String is the word of the command line, "disabled" for Off.
func (l Level) String() string {
	switch {
	case l == Default:
		return "default"
	case l == Off:
		return "disabled"
	}
	return Severity(l - firstLevel).String()
}

// Facility is what a system's log sorts messages by (RFC 5424 §6.2.1), plus one. The zero value is local7, which classic
// routers use.
type Facility uint8

// facilityNames are the words of the command line, by the number on the wire.
var facilityNames = [...]string{
	"kern", "user", "mail", "daemon", "auth", "syslog", "lpr", "news", "uucp", "cron", "", "", "", "", "", "",
	"local0", "local1", "local2", "local3", "local4", "local5", "local6", "local7",
}

const local7 = 23

// FacilityNames are the words for facilities. The result belongs to the caller.
func FacilityNames() (names []string) {
	for _, s := range facilityNames {
		if s != "" {
			names = append(names, s)
		}
	}
	return names
}

// ParseFacility finds the facility of a word; that of local7 is the zero value.
func ParseFacility(word string) (Facility, bool) {
	for i, s := range facilityNames {
		if s != "" && strings.EqualFold(s, word) {
			return Facility((i + 1) % (local7 + 1)), true
		}
	}
	return 0, false
}

// Code is the number on the wire.
func (f Facility) Code() int {
	if f == 0 || int(f) > len(facilityNames) {
		return local7
	}
	return int(f) - 1
}

func (f Facility) String() string { return facilityNames[f.Code()] }
