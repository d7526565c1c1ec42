"""How a program tells the benchmark what it has measured: a line of JSON on stdout."""

import json
from typing import Any

MARK = 'RESULT '


def report(value: Any) -> None:
    """Say it."""
    print(MARK + json.dumps(value), flush=True)
