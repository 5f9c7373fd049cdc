#!/usr/bin/env bash
# Runs every test that can run on this machine, and says which were left out and why. It is what `make test` does.
#
# As root on Debian it installs the peers of the interop tests and Chromium first. With SEIKAN_REQUIRE_INTEROP=1 it fails where the
# interop tests or those of the page cannot run.
set -euo pipefail
cd "$(dirname "$0")/.."

require=${SEIKAN_REQUIRE_INTEROP:-0}
left_out=()

# step NAME COMMAND...: runs a command, and says how long it took.
step() {
	local name=$1 began=$SECONDS
	shift
	echo "== $name"
	"$@" || { echo "== $name: FAILED after $((SECONDS - began)) s"; exit 1; }
	echo "== $name: $((SECONDS - began)) s"
}

# can_isolate: whether tests can make network namespaces and devices here.
can_isolate() { [ "$(id -u)" = 0 ] && [ -e /dev/net/tun ] && unshare -n true 2>/dev/null; }

if [ "$(id -u)" = 0 ] && [ -e /etc/debian_version ]; then
	if [ "$require" = 1 ]; then
		step "install peers" make -s peers
	else # without a network, say: the interop tests then run if the peers are there already
		make -s peers || echo "== install peers: FAILED; going on without"
	fi
fi
step "gofmt" make -s fmt-check
step "vet" make -s vet
step "cross builds" make -s cross
step "unit tests" make -s unit
step "simulator" make -s simulate SEEDS=3000 # what a slow machine has time for
can_isolate || left_out+=("unit tests of the host's device and routes (package tun): need root, /dev/net/tun and network namespaces")

if command -v "$(go env CC)" >/dev/null; then
	step "race tests" make -s race
else
	left_out+=("race tests: need the C compiler $(go env CC)")
fi

step "fuzz smoke" make -s fuzz-smoke

if [ "$require" = 1 ] || command -v chromium >/dev/null; then
	step "browser tests" make -s browser
else
	left_out+=("tests of the page: need Chromium, which scripts/install-peers.sh installs")
fi

if [ "$require" = 1 ] || { can_isolate && command -v swanctl >/dev/null; }; then
	# From here on a test that finds something missing fails, so that none is left out unseen.
	SEIKAN_REQUIRE_INTEROP=1 step "interop tests" make -s interop
else
	left_out+=("interop tests: need root on Linux, /dev/net/tun, network namespaces and the peers that scripts/install-peers.sh installs")
fi

if [ ${#left_out[@]} = 0 ]; then
	echo "All tests ran, in $SECONDS s."
else
	echo "All tests that can run here ran, in $SECONDS s. LEFT OUT:"
	printf '  - %s\n' "${left_out[@]}"
fi
