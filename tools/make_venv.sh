#!/bin/sh
# Make the virtual environment build/DISTRIBUTION for `run`, `bench`, `fuzz` or `test`:
#
#   tools/make_venv.sh kilted test
#
# It holds this package (editable) with its libraries and the ROS 2 wheels of the distribution, for
# `bench` the plotting library, for `fuzz` the fuzzer, for `test` colcon and the tools too. It sees the system's packages,
# for GStreamer's bindings.
set -eu

distribution=$1
purpose=$2
venv=build/$distribution
log=build/make_venv.$distribution.log

# Another Python than the system's would not see the system's packages.
python=/usr/bin/python3
[ -x "$python" ] || python=python3
if ! "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))'; then
    echo "error: $("$python" --version) found, 3.11 or newer needed" >&2
    exit 1
fi

extras="ros-$distribution"
also=
case $purpose in
bench)
    extras="$extras,benchmark"
    ;;
fuzz)
    extras="$extras,fuzz"
    ;;
test)
    extras="$extras,test"
    also='colcon-bash colcon-core colcon-package-information colcon-ros colcon-test-result'
    ;;
esac

echo "Making $venv (a minute or two, log in $log)"
mkdir -p build
if ! {
    "$python" -m venv --system-site-packages "$venv" &&
        "$venv/bin/python" -m pip install --disable-pip-version-check --progress-bar off \
            --editable ".[$extras]" $also
} >"$log" 2>&1 </dev/null; then
    tail -n 15 "$log" >&2
    echo "error: $venv could not be made, see $log" >&2
    exit 1
fi
# What serves another purpose also serves to run.
touch "$venv/.made_for_run" "$venv/.made_for_$purpose"
