"""Remove the secrets from a URL before it is logged or shown."""

import re

USER_INFO = re.compile(r'^(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*://).*@|^[^/\s:@]+:[^\s]*@', re.DOTALL)
'Greedy up to the last @, because passwords contain unescaped / ? # and @.'

SECRET_WORD = re.compile(
    r'((?:pass|passwd|password|pwd|token|key|secret)=)'
    r'(?:(?!_(?:channel|stream|subtype|real_stream)=)[^&/])*',
    re.IGNORECASE,
)
"""
As in rtsp://camera/user=admin_password=x_channel=1.sdp, the form that some cameras use.

A password may contain an underscore, so that only known words end it.
"""


def without_credentials(url: str) -> str:
    """
    Return `url` without user name and password, its query replaced by `…`.

    If the path contains an @ too, more is cut than necessary. Text that is not a URL is returned
    unchanged, except for a `user:password@` at its start.
    """
    shown = USER_INFO.sub(lambda match: match['scheme'] or '', url)
    if '://' not in shown:
        return shown
    address, question_mark, _ = shown.partition('?')
    return SECRET_WORD.sub(r'\1…', address) + ('?…' if question_mark else '')
