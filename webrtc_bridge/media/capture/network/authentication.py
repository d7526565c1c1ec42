"""Ask a server why it refused: FFmpeg tells the status alone, and knows Basic and MD5 only."""

import re
import socket
import ssl
import time
from urllib.parse import SplitResult, urlsplit

TIMEOUT = 2.0
MAXIMUM_ANSWER = 16_384

PORTS = {'rtsp': 554, 'rtsps': 322, 'http': 80, 'https': 443}


def unknown_digest(url: str) -> str:
    """
    Return the algorithms of digest that the server at `url` takes if FFmpeg knows none of them.

    The text is empty if it knows one, or if the server does not tell. Blocks for a few seconds.
    """
    try:
        return unknown_algorithms(_refusal(urlsplit(url)))
    except (OSError, ValueError):
        return ''


def unknown_algorithms(answer: str) -> str:
    """Return the algorithms (RFC 7616, 3.3) in `answer` if FFmpeg knows none of them."""
    found = []
    for challenge in re.findall(
        r'^WWW-Authenticate:\s*(.*)$', answer, re.IGNORECASE | re.MULTILINE
    ):
        algorithm = re.search(r'\balgorithm\s*=\s*"?([\w-]+)', challenge, re.IGNORECASE)
        if not challenge.lower().startswith('digest') or algorithm is None:
            return ''
        if algorithm[1].upper().startswith('MD5'):
            return ''
        found.append(algorithm[1].upper())
    return ', '.join(found)


def _refusal(url: SplitResult) -> str:
    """Return the head of the answer to a request without credentials."""
    host = url.hostname or ''
    deadline = time.monotonic() + TIMEOUT
    with socket.create_connection((host, url.port or PORTS[url.scheme]), TIMEOUT) as plain:
        connection = plain
        if url.scheme in ('rtsps', 'https'):
            connection = ssl.create_default_context().wrap_socket(plain, server_hostname=host)
        connection.sendall(_request(url))
        answer = b''
        while b'\r\n\r\n' not in answer and len(answer) < MAXIMUM_ANSWER:
            connection.settimeout(max(0.01, deadline - time.monotonic()))
            received = connection.recv(4096)
            if not received:
                break
            answer += received
    return answer.partition(b'\r\n\r\n')[0].decode('latin-1').replace('\r', '')


def _request(url: SplitResult) -> bytes:
    address = url.netloc.rpartition('@')[2]
    path = (url.path or '/') + (f'?{url.query}' if url.query else '')
    if url.scheme.startswith('rtsp'):
        lines = [f'DESCRIBE {url.scheme}://{address}{path} RTSP/1.0', 'CSeq: 1']
    else:
        lines = [f'GET {path} HTTP/1.1', f'Host: {address}', 'Connection: close']
    return '\r\n'.join([*lines, '', '']).encode()
