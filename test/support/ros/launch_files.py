"""The launch files' arguments, read with or without the launch package."""

import functools
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

LAUNCH = Path(__file__).parents[3] / 'launch'

RECORD = f"""
import importlib.machinery, json, pathlib, runpy, sys
from unittest.mock import MagicMock

arguments = {{}}

def declare(name, **keywords):
    arguments[name] = {{word: str(value) for word, value in keywords.items()}}

class Stubs:
    def find_spec(self, name, path=None, target=None):
        if name.partition('.')[0] in ('launch', 'launch_ros'):
            return importlib.machinery.ModuleSpec(name, self, is_package=True)

    def create_module(self, spec):
        return MagicMock(DeclareLaunchArgument=declare, __spec__=spec, __path__=[])

    def exec_module(self, module):
        pass

sys.meta_path.insert(0, Stubs())
found = {{}}
for path in sorted(pathlib.Path({str(LAUNCH)!r}).glob('*.py')):
    arguments = found[path.name] = {{}}
    runpy.run_path(str(path))['generate_launch_description']()
print(json.dumps(found))
"""
'In a process of its own, which alone sees stubs in place of the launch package.'


@functools.cache
def declared_arguments() -> dict[str, dict[str, dict[str, Any]]]:
    """Return, by launch file and argument, the keywords that it is declared with, as text."""
    done = subprocess.run(
        [sys.executable, '-c', RECORD], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, dict[str, dict[str, Any]]] = json.loads(done.stdout)
    return found
