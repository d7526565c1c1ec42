"""Report the result of a program to the benchmark: a line of JSON on stdout."""

import json
from typing import Any

MARK = 'RESULT '


def report(value: Any) -> None:
    """Print `value` as the result."""
    print(MARK + json.dumps(value), flush=True)
