"""
Fuzz a target of test/support/fuzzing/targets.py, or all, guided by coverage (atheris).

    python tools/fuzz.py TARGET|all [SECONDS]

It starts from the inputs in test/fuzzing/corpus and adds those that reach further. An input that
breaks the target is added too, so that the test suite has it from then on, and printed; the status
is 1 then.
"""

import logging
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path

import atheris

with atheris.instrument_imports(include=['webrtc_bridge', 'aiortc', 'aioice', 'yaml', 'jwt']):
    from support.fuzzing.targets import TARGETS

from support.fuzzing.corpus import read_corpus, write_corpus


def fuzz(target: str, command: str, arguments: list[str]) -> None:
    """Let libFuzzer run in this process, which `command` starts too; it never returns."""
    logging.disable()
    atheris.Setup([command, *arguments], TARGETS[target])
    atheris.Fuzz()


def main(target: str, seconds: str = '600') -> int:
    """Fuzz, keep the smallest corpus of the same coverage, and add what broke the target."""
    with tempfile.TemporaryDirectory() as folder:
        found, kept, broken = (Path(folder, name) for name in ('found', 'kept', 'broken'))
        for path in (found, kept, broken):
            path.mkdir()
        # libFuzzer starts itself again to merge, by one word.
        command = Path(folder, 'fuzz')
        words = shlex.join([sys.executable, __file__, '--run', target, str(command)])
        command.write_text(f'#!/bin/sh\nexec {words} "$@"\n')
        command.chmod(0o700)
        known = read_corpus(target)
        for number, data in enumerate(known):
            (found / str(number)).write_bytes(data)
        limits = ['-max_len=2048', '-timeout=20', '-rss_limit_mb=1024']  # bytes, seconds, MiB
        time = f'-max_total_time={seconds}'
        run = [command, *limits, time, f'-artifact_prefix={broken}/', found]
        status = subprocess.run(run).returncode
        # By covered lines alone, not by how often each was reached: few inputs, and small ones.
        fewest = ['-set_cover_merge=1', '-use_counters=0']
        subprocess.run([command, *limits, *fewest, kept, found], check=True)
        inputs = [path.read_bytes() for path in kept.iterdir()]
        breaking = [path.read_bytes() for path in broken.iterdir()]
        write_corpus(target, inputs + breaking)
        for data in breaking:
            print(f'{target} breaks of {data!r}')
        return 1 if status or breaking else 0


if __name__ == '__main__':
    if sys.argv[1] == '--run':
        fuzz(sys.argv[2], sys.argv[3], sys.argv[4:])
    elif sys.argv[1] not in (*TARGETS, 'all'):
        sys.exit(f'error: target: {sys.argv[1]} given, expected all or {", ".join(TARGETS)}')
    else:
        chosen = TARGETS if sys.argv[1] == 'all' else sys.argv[1:2]
        sys.exit(max([main(target, *sys.argv[2:]) for target in chosen]))
