// Package cli is the operator's command line: exec-mode commands in the manner of a classic router, with abbreviations,
// `?` and output modifiers; the Unix socket on which a running router answers them; and the client of that socket.
//
// Every word of the language stands in one table (commands.go), each with a line of help. The parser (parse.go), the help
// (help.go) and the completion work from that table alone. What a command prints is a function of what the Backend gives.
//
// Each command is a connection of its own: one request, one reply (frame.go); messages of the log come over one that stays. A
// client keeps no other state at the server, and an operator who went for lunch keeps no other connection open.
package cli
