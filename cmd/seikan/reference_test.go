package main

import (
	"flag"
	"os"
	"testing"

	"seikan/internal/cli"
	"seikan/internal/config"
)

var update = flag.Bool("update", false, "write docs/commands.md anew")

// The command reference is made from the tables that `?` uses.
func TestCommandReference(t *testing.T) {
	const file = "../../docs/commands.md"
	want := `# Command reference

Made from the tables that ` + "`?`" + ` uses, by ` + "`go test ./cmd/seikan -run TestCommandReference -update`" + `. Words may be shortened as long as they are clear.

## Commands

` + cli.Reference() + `## Configuration

` + "`no` takes a line away, `default` does too and takes its opposite as well; both are for all lines." + `

` + config.Reference()
	if *update {
		if err := os.WriteFile(file, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != want {
		t.Errorf("%s is not what the tables say: run the test with -update", file)
	}
}
