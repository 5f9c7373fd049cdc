#!/usr/bin/env bash
# Runs every fuzz target in the tree for a short time, one after another.
#
#	scripts/fuzz-smoke.sh [TIME]
#
# TIME is for each target, as 30s or 5m. Without it the targets share SEIKAN_FUZZ_TOTAL seconds (default 100), at most 5 and at
# least 1 each; building them comes on top. What a target finds is left in its testdata/fuzz, for the fix to keep as a test.
set -euo pipefail
cd "$(dirname "$0")/.."

# "package Target" in each line.
targets=$(go list -f '{{$p := .ImportPath}}{{$d := .Dir}}{{range .TestGoFiles}}{{$p}} {{$d}}/{{.}}
{{end}}{{range .XTestGoFiles}}{{$p}} {{$d}}/{{.}}
{{end}}' ./... | while read -r package file; do
	sed -n "s|^func \(Fuzz[A-Za-z0-9_]*\)(.*|$package \1|p" "$file"
done)
if [ -z "$targets" ]; then
	echo "no fuzz targets"
	exit 1
fi
count=$(wc -l <<<"$targets")

if [ $# -gt 0 ]; then
	time=$1 limit=0
else
	each=$((${SEIKAN_FUZZ_TOTAL:-100} / count))
	time=$((each > 5 ? 5 : each < 1 ? 1 : each))s limit=120 # an input that hangs is not noticed by the fuzzer
fi

# out_of_time OUTPUT: whether a run failed for nothing but that its time ended while the fuzzer was shortening an input that is merely
# interesting. The fuzzer calls that a failure, and writes no input for it.
out_of_time() { grep -q '^ *context deadline exceeded$' <<<"$1" && ! grep -qE 'Failing input|hung or terminated|panic:' <<<"$1"; }

failed=()
while read -r package target; do
	# -run keeps the other tests of the package out; the seeds of the target run as its baseline.
	if out=$(timeout "$limit" go test -run '^$' -fuzz "^$target\$" -fuzztime "$time" -fuzzminimizetime 5s "$package" </dev/null 2>&1) || out_of_time "$out"; then
		echo "ok  	$package $target $(grep -o 'execs: [0-9]*' <<<"$out" | tail -n 1)"
	else
		failed+=("$package $target")
		printf 'FAIL	%s %s\n%s\n' "$package" "$target" "$out"
	fi
done <<<"$targets"

if [ ${#failed[@]} -gt 0 ]; then
	echo "${#failed[@]} of $count fuzz targets failed:"
	printf '  %s\n' "${failed[@]}"
	exit 1
fi
echo "$count fuzz targets, $time each"
