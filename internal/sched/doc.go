// Package sched tells the operating system's scheduler what the threads of this process are for.
package sched
