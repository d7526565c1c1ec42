"""
The only code that touches private parts of aiortc and aioice.

Both are pinned in setup.py, and `test/peer/aiortc/patches/test_contract.py` fails, naming the
attribute, when a version no longer has what is used here. Each patch says what it is for and, if
there is one, names the upstream issue; docs/design.md has the measurements.
"""
