package compare

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// ticks is how many of the units in which /proc counts processor time are a second. Linux has shown no other number to programs for as
// long as it has run on these processors.
const ticks = 100

// cpuTimes is processor time, in seconds, since the machine was started.
type cpuTimes struct {
	busy     float64 // of the whole machine
	gateways float64
	others   float64 // of processes that are not of the run
}

func (a cpuTimes) minus(b cpuTimes) cpuTimes {
	return cpuTimes{a.busy - b.busy, a.gateways - b.gateways, a.others - b.others}
}

// process is what /proc tells of one.
type process struct {
	pid, parent int
	own         float64 // ticks that it used
	reaped      float64 // and those of its children that have ended and that it has waited for
}

// kthreadd is the parent of the kernel's own threads, whose work is ours as much as anybody's.
const kthreadd = 2

// readCPU reads the times. Processes are of the run where self is among their ancestors.
//
// What a process has used moves to its parent when it ends: the sum over all of them loses nothing.
func readCPU(proc string, self int, gateways []int) (cpuTimes, error) {
	var c cpuTimes
	b, err := os.ReadFile(filepath.Join(proc, "stat"))
	if err != nil {
		return c, err
	}
	if c.busy, err = busyTicks(string(b)); err != nil {
		return c, err
	}
	all := map[int]process{}
	dirs, err := filepath.Glob(filepath.Join(proc, "[0-9]*", "stat"))
	if err != nil {
		return c, err
	}
	for _, d := range dirs {
		b, err := os.ReadFile(d)
		if err != nil {
			continue // it has ended
		}
		p, err := parseProcess(string(b))
		if err != nil {
			return c, fmt.Errorf("%s: %w", d, err)
		}
		all[p.pid] = p
	}
	for _, p := range all {
		if !within(all, p, self) && !within(all, p, kthreadd) {
			c.others += p.own + p.reaped
		}
		if slices.Contains(gateways, p.pid) {
			c.gateways += p.own
		}
	}
	c.busy, c.gateways, c.others = c.busy/ticks, c.gateways/ticks, c.others/ticks
	return c, nil
}

// within tells whether a process is root or one of those below.
func within(all map[int]process, p process, root int) bool {
	for range all { // no longer than there are processes, also where they change meanwhile
		if p.pid == root {
			return true
		}
		next, ok := all[p.parent]
		if !ok {
			break
		}
		p = next
	}
	return false
}

// busyTicks takes from /proc/stat what all processors did but waiting (proc_stat(5)): user, nice, system, irq, softirq.
func busyTicks(stat string) (sum float64, err error) {
	line, _, _ := strings.Cut(stat, "\n")
	f := strings.Fields(line)
	if len(f) < 8 || f[0] != "cpu" {
		return 0, fmt.Errorf("/proc/stat begins with %q, want the times of cpu", line)
	}
	for _, i := range []int{1, 2, 3, 6, 7} {
		v, err := strconv.ParseFloat(f[i], 64)
		if err != nil {
			return 0, fmt.Errorf("/proc/stat: %w", err)
		}
		sum += v
	}
	return sum, nil
}

// parseProcess takes the parent and the times from /proc/PID/stat. The name, in parentheses, may hold anything.
func parseProcess(stat string) (p process, err error) {
	open, end := strings.Index(stat, "("), strings.LastIndex(stat, ")")
	if open < 0 || end < open {
		return p, fmt.Errorf("%q has no name in parentheses", stat)
	}
	if p.pid, err = strconv.Atoi(strings.TrimSpace(stat[:open])); err != nil {
		return p, err
	}
	f := strings.Fields(stat[end+1:]) // from the third field on
	if len(f) < 15 {
		return p, fmt.Errorf("%q is too short", stat)
	}
	if p.parent, err = strconv.Atoi(f[1]); err != nil {
		return p, err
	}
	for i := range 4 { // utime, stime, cutime, cstime
		v, err := strconv.ParseFloat(f[11+i], 64)
		if err != nil {
			return p, err
		}
		if i < 2 {
			p.own += v
		} else {
			p.reaped += v
		}
	}
	return p, nil
}
