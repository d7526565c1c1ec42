"""Take the secrets out of a URL before anybody reads it."""

import re

USER_INFO = re.compile(r'^(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*://).*@|^[^/\s:@]+:[^\s]*@', re.DOTALL)
'Greedy up to the last @, because passwords hold unescaped / ? # and @.'

SECRET_WORD = re.compile(r'((?:pass|passwd|password|pwd|token|key|secret)=)[^&/_]*', re.IGNORECASE)
'As in rtsp://camera/user=admin_password=x_channel=1.sdp, which some cameras want.'


def without_credentials(url: str) -> str:
    """
    Return `url` fit for a log: without user name and password, its query replaced by `…`.

    Where an @ stands in the path as well, more is cut than needed. What is no URL is returned
    as it is, except for a `user:password@` at its start.
    """
    shown = USER_INFO.sub(lambda match: match['scheme'] or '', url)
    if '://' not in shown:
        return shown
    address, question_mark, _ = shown.partition('?')
    return SECRET_WORD.sub(r'\1…', address) + ('?…' if question_mark else '')
