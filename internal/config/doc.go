// Package config reads the router's configuration: text in the language of a classic router's command line becomes a
// Model, a Model becomes what the other packages work from (Build), and text again (RunningConfig).
//
// The language is in tables: each mode has its commands, each command is a path of words, each word has a line of help
// (grammar.go, commands_*.go). A line is tried in the mode that the lines before have entered, then in the modes around
// it; indentation says nothing. All keywords may be shortened as long as they stay unique. Nothing is ignored: a line
// that is not understood in full is an error, and a text with an error has no Model.
//
// The package asks the system for nothing; what Build must know about interfaces comes through Env.
package config
