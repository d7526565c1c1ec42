"""Run a module in a network namespace: `enter_namespace.py NAME MODULE ARGUMENTS…`; needs root."""

import ctypes
import os
import runpy
import sys

CLONE_NEWNET = 0x40000000

if __name__ == '__main__':
    # os.setns came with Python 3.12.
    libc = ctypes.CDLL(None, use_errno=True)
    with open(f'/run/netns/{sys.argv[1]}') as namespace:
        if libc.setns(namespace.fileno(), CLONE_NEWNET) != 0:
            raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    sys.argv = sys.argv[2:]
    runpy.run_module(sys.argv[0], run_name='__main__', alter_sys=True)
