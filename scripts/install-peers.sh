#!/bin/sh
# Installs what the interop tests need beside the router: strongSwan with its userspace ESP, ping, iperf3, tshark and Prometheus; ethtool for
# the comparison of `make bench`; and Chromium for the tests of the page. Says nothing when all is there. Needs root and Debian (or a
# system like it); elsewhere it says so and fails, and the tests are left out.
set -eu

packages="chromium ethtool iperf3 iproute2 iputils-ping nftables procps prometheus libcharon-extra-plugins libstrongswan-extra-plugins libstrongswan-standard-plugins
strongswan-charon strongswan-swanctl tshark"

if ! command -v dpkg-query >/dev/null || ! command -v apt-get >/dev/null; then
	echo "install-peers: this is not Debian; install by hand what is called there: $packages" >&2
	exit 1
fi

missing=""
for p in $packages; do
	if [ "$(dpkg-query --show --showformat='${db:Status-Status}' "$p" 2>/dev/null)" != installed ]; then
		missing="$missing $p"
	fi
done
[ -n "$missing" ] || exit 0

if [ "$(id -u)" != 0 ]; then
	echo "install-peers: must be root to install$missing" >&2
	exit 1
fi

# The packages would start a daemon on this machine's own ports 500 and 4500. policy-rc.d forbids that meanwhile.
policy=/usr/sbin/policy-rc.d
log=$(mktemp)
made=""
clean() {
	rm -f "$log"
	[ -z "$made" ] || rm -f "$policy"
}
trap clean EXIT
trap 'exit 1' HUP INT TERM
if [ ! -e "$policy" ]; then
	made=yes
	printf '#!/bin/sh\nexit 101\n' >"$policy"
	chmod 755 "$policy"
fi

export DEBIAN_FRONTEND=noninteractive
# shellcheck disable=SC2086 # one word a package
if ! { apt-get -q update && apt-get -q -y install --no-install-recommends $missing; } >"$log" 2>&1; then
	cat "$log" >&2
	exit 1
fi
echo "install-peers: installed$missing"
