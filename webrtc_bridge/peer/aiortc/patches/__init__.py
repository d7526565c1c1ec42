"""
All that touches private parts of aiortc and aioice, and nothing else does.

Both are pinned in setup.py, and `test/peer/test_aiortc_contract.py` fails, naming the attribute,
when a version no longer has what is used here. What each change is for is measured in
docs/design.md.
"""
