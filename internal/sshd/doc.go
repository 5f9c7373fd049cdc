// Package sshd serves terminals over SSH (RFC 4251 to 4254): who may come in, how many, for how long. What a terminal does is its
// caller's. There is no forwarding, no subsystem, no agent and no file transfer.
package sshd
