package cli

import (
	"net/url"
	"strconv"
	"strings"

	"seikan/session"
)

// The settings of a terminal travel as words, each with its value: a client keeps them as they are and sends them back with its next
// request. Only a client that sends some is told of them.
const (
	settingFormat  = "format="
	settingKeeps   = "keeps" // the client keeps settings
	settingFiles   = "files" // it can write files
	settingAsks    = "asks"  // it can ask its operator whether he means it
	settingUser    = "user"  // its operator has not given `enable`
	settingLength  = "length="
	settingWidth   = "width="
	settingConfig  = "config=" // in configuration mode: the lines of the path, escaped, with commas between
	settingChanged = "changed" // the configuration mode has changed something
	settingFile    = "file="   // the last: a path may have blanks
)

// parseSettings reads what String wrote. What it does not know it leaves out.
func parseSettings(text string) (s settings) {
	for word := range strings.FieldsSeq(text) {
		if name, ok := strings.CutPrefix(word, settingFormat); ok {
			if f, err := session.ParseFormat(name); err == nil {
				s.format = &f
			}
		}
		if path, ok := strings.CutPrefix(word, settingConfig); ok {
			s.configuring = true
			for part := range strings.SplitSeq(path, ",") {
				if line, err := url.QueryUnescape(part); err == nil && line != "" {
					s.path = append(s.path, line)
				}
			}
		}
		if text, ok := strings.CutPrefix(word, settingLine); ok {
			if n, err := strconv.ParseUint(text, 10, 16); err == nil {
				s.line = int(n)
			}
		}
		if text, ok := strings.CutPrefix(word, settingHistory); ok {
			s.history = parseHistory(text)
		}
		for name, value := range map[string]**int{settingLength: &s.length, settingWidth: &s.width} {
			if text, ok := strings.CutPrefix(word, name); ok {
				if n, err := strconv.ParseUint(text, 10, 16); err == nil {
					*value = new(int(n))
				}
			}
		}
		s.keeps = s.keeps || word == settingKeeps
		s.files = s.files || word == settingFiles
		s.asks = s.asks || word == settingAsks
		s.user = s.user || word == settingUser
		s.changed = s.changed || word == settingChanged
	}
	return s
}

// String is the settings as they travel.
func (s settings) String() string {
	if !s.keeps {
		return ""
	}
	text := settingKeeps
	if s.files {
		text += " " + settingFiles
	}
	if s.asks {
		text += " " + settingAsks
	}
	if s.user {
		text += " " + settingUser
	}
	if s.length != nil {
		text += " " + settingLength + strconv.Itoa(*s.length)
	}
	if s.width != nil {
		text += " " + settingWidth + strconv.Itoa(*s.width)
	}
	if s.format != nil {
		text += " " + settingFormat + s.format.String()
	}
	if s.changed {
		text += " " + settingChanged
	}
	if s.configuring {
		var path []string
		for _, line := range s.path {
			path = append(path, url.QueryEscape(line))
		}
		text += " " + settingConfig + strings.Join(path, ",")
	}
	if s.file != "" {
		text += " " + settingFile + s.file
	}
	return text
}

// cutFile splits settings into what a client keeps and the file that it is to write; "": none.
func cutFile(text string) (keep, file string) {
	keep, file, _ = strings.Cut(text, " "+settingFile)
	return keep, file
}
