// Package fault describes panics that were caught: what it was and where, without the values that a trace of package runtime has, as those
// may be octets of keys.
package fault

import (
	"fmt"
	"path"
	"runtime"
	"slices"
	"strings"
)

// Fault is a panic that was caught.
type Fault struct {
	What string // a runtime error's text; of another panic the type of its value, as the value may be anything
	At   string // the function that it was in, and the line

	stack [maxStack]uintptr
	depth int
}

// maxStack is how many callers are remembered.
const maxStack = 24

// Caught describes the panic that a deferred function has recovered as v. It is for that function to call.
func Caught(v any) Fault {
	f := Fault{What: fmt.Sprintf("panic of type %T", v)}
	if err, ok := v.(runtime.Error); ok {
		f.What = err.Error()
	}
	f.depth = runtime.Callers(2, f.stack[:])
	for at := range f.callers {
		f.At = at
		break
	}
	return f
}

// Stack is the functions that were at work, the innermost first, each with its line.
func (f Fault) Stack() string {
	return strings.Join(slices.Collect(f.callers), ", ")
}

// callers are those functions, but for package runtime's and what has recovered.
func (f *Fault) callers(yield func(string) bool) {
	panicked := false
	frames := runtime.CallersFrames(f.stack[:f.depth])
	for more := f.depth > 0; more; {
		var at runtime.Frame
		at, more = frames.Next()
		panicked = panicked || at.Function == "runtime.gopanic"
		if !panicked || strings.HasPrefix(at.Function, "runtime.") {
			continue
		}
		if !yield(fmt.Sprintf("%s %s:%d", at.Function, path.Base(at.File), at.Line)) {
			return
		}
	}
}

// String is what the fault is and where it was.
func (f Fault) String() string { return f.What + " in " + f.At }
