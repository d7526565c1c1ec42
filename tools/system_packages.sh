#!/bin/sh
# Make sure that the distribution's packages for a purpose are installed: `run`, `test` or
# `interop`.
#
# Missing ones are installed where that is possible without asking (root, or sudo without a
# password). Elsewhere the command to run is printed, and the exit status is 1.
set -eu

purpose=$1
log=build/system_packages.log
mkdir -p build

packages='python3-venv'
# GStreamer is the tests' RTSP camera and second WebRTC implementation, Chromium the third;
# iproute2 makes their second machine.
[ "$purpose" = run ] || packages="$packages python3-gst-1.0 gir1.2-gst-plugins-bad-1.0
    gir1.2-gst-rtsp-server-1.0 gstreamer1.0-nice gstreamer1.0-plugins-base
    gstreamer1.0-plugins-good gstreamer1.0-plugins-bad gstreamer1.0-plugins-ugly coturn chromium
    iproute2"
if [ "$purpose" = interop ]; then
    command -v npm >/dev/null || packages="$packages nodejs npm" # or Node's own, which has both
    # Ubuntu's is a snap; where there is none, its tests are skipped.
    command -v firefox >/dev/null || grep -q '^ID=ubuntu' /etc/os-release ||
        packages="$packages firefox-esr"
fi

if ! command -v apt-get >/dev/null; then
    /usr/bin/env python3 -c 'import ensurepip, venv' 2>/dev/null && exit 0
    echo 'error: this machine has no apt-get; install Python 3.11 or newer with venv and pip' >&2
    exit 1
fi

missing=
for package in $packages; do
    status=$(dpkg-query --show --showformat='${db:Status-Status}' "$package" 2>/dev/null || true)
    [ "$status" = installed ] || missing="$missing $package"
done
[ -n "$missing" ] || exit 0

install="apt-get install --yes --no-install-recommends$missing"
if [ "$(id -u)" = 0 ]; then
    as_root=env
elif sudo -n true 2>/dev/null; then
    as_root='sudo -n env'
else
    printf 'error: missing packages, run this and then make again:\n  sudo %s\n' "$install" >&2
    exit 1
fi

echo "Installing with apt-get:$missing"
if ! { $as_root apt-get update &&
    $as_root DEBIAN_FRONTEND=noninteractive $install; } >"$log" 2>&1 </dev/null; then
    tail -n 15 "$log" >&2
    echo "error: apt-get failed, see $log" >&2
    exit 1
fi
