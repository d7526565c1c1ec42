#!/bin/sh
# Build with colcon, run every test on what was built, and the nodes' again on ROS 2 Jazzy's wheels.
#
# Whole programs are tested next to the rest, as most of these tests wait rather than compute.
# The last line counts all of them; the exit status is 0 if none failed.
set -u

results=build/test_results
programs='test/faults test/system test/viewer'
kilted=$PWD/build/kilted/bin/python
jazzy=$PWD/build/jazzy/bin/python
limit=--timeout=180 # seconds for one test: nothing waits forever

# Written byte code is part of what is installed.
unset PYTHONDONTWRITEBYTECODE
# The wheels set these when Python starts, for one virtual environment; each needs its own.
unset _ROS_WHEELS_BOOTSTRAP_COMPLETE LD_LIBRARY_PATH AMENT_PREFIX_PATH PYTHONPATH
# colcon calls setup.py install, and setuptools says each time that pip would be nicer.
export PYTHONWARNINGS='ignore:setup.py install is deprecated,ignore:easy_install command is deprecated'

colcon() {
    verb=$1
    shift
    "$kilted" -m colcon --log-base build/colcon/log "$verb" "$@"
}

rm -rf "$results" build/colcon
mkdir -p "$results"

folders='--build-base build/colcon/build --install-base build/colcon/install'
# shellcheck disable=SC2086  # two options and their values
# What it says goes into a file, but its warnings are shown.
colcon build $folders --event-handlers console_direct+ >build/colcon_build.log || {
    tail -n 30 build/colcon_build.log >&2
    exit 1
}

use_what_was_built() {
    set +u # colcon's scripts use what may be unset
    . build/colcon/install/setup.sh
    # Without it the working directory is first on the path, and the source would be tested.
    export PYTHONSAFEPATH=1
}

# A shell's background jobs ignore Ctrl-C; with it this one is to end what it has started.
pytest_in_background='
import signal, sys, pytest
signal.signal(signal.SIGINT, signal.default_int_handler)
sys.exit(pytest.main())'

# shellcheck disable=SC2086  # several folders
(
    use_what_was_built
    exec "$kilted" -c "$pytest_in_background" $programs "$limit" --tb=short \
        --junit-xml="$results/programs.xml" --override-ini cache_dir=build/colcon/pytest_cache
) >build/test_programs.log 2>&1 &
programs_job=$!

# shellcheck disable=SC2086
(
    use_what_was_built
    # With colcon's own choice of options in PYTEST_ADDOPTS, ours go on the command line.
    colcon test $folders --event-handlers console_direct+ \
        --pytest-args "$limit" $(printf -- '--ignore=%s ' $programs)
)
colcon_status=$?
colcon test-result --verbose --test-result-base build/colcon/build
cp build/colcon/build/webrtc_bridge/pytest.xml "$results/kilted.xml"

echo 'Node tests on ROS 2 Jazzy'
"$jazzy" -m pytest test/nodes "$limit" --tb=short --junit-xml="$results/jazzy.xml" \
    --override-ini cache_dir=build/jazzy/pytest_cache
jazzy_status=$?

wait "$programs_job"
programs_status=$?
cat build/test_programs.log

"$kilted" tools/count_tests.py "$results/kilted.xml" "$results/programs.xml" \
    "$results/jazzy.xml" &&
    [ "$colcon_status" -eq 0 ] && [ "$programs_status" -eq 0 ] && [ "$jazzy_status" -eq 0 ]
