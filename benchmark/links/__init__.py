"""
Emulated links, and what comes over them: ours compared with libwebrtc's sender in Chromium.

    cases.py    the links, what happens on them, and the goals
    ends.py     the senders and the viewers at the ends
    clip.py     the picture that both kinds of senders show
    figures.py  the figures of a case, from what was seen at the viewer and in the link
    session.py  one case with one pair of ends

The emulator and the driver of Chromium are the tests' own, in `test/support/`.
"""
