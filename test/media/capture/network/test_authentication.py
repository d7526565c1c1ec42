import socket
import threading

import pytest

from webrtc_bridge.media.capture.network.authentication import unknown_algorithms, unknown_digest

SHA = 'WWW-Authenticate: Digest realm="cam", nonce="1", algorithm="SHA-256", qop="auth"'


@pytest.mark.parametrize(
    ('headers', 'found'),
    [
        ([SHA], 'SHA-256'),
        ([SHA.replace('"SHA-256"', 'SHA-512-256'), SHA], 'SHA-512-256, SHA-256'),
        ([SHA, SHA.replace('SHA-256', 'MD5')], ''),
        ([SHA, 'www-authenticate: Digest realm="cam", nonce="1"'], ''),
        ([SHA, 'WWW-Authenticate: Basic realm="algorithm=SHA-256"'], ''),
        ([], ''),
    ],
)
def test_algorithms_are_unknown_only_if_the_server_takes_no_other(headers, found):
    answer = '\n'.join(['RTSP/1.0 401 Unauthorized', 'CSeq: 1', *headers])
    assert unknown_algorithms(answer) == found


@pytest.mark.parametrize('scheme', ['rtsp', 'http'])
def test_a_server_is_asked_without_credentials(scheme):
    requests = []

    def answer_once(server):
        connection, _ = server.accept()
        with connection:
            requests.append(connection.recv(4096).decode())
            connection.sendall(f'X/1.0 401 Unauthorized\r\n{SHA}\r\n\r\n'.encode())

    with socket.create_server(('127.0.0.1', 0)) as server:
        thread = threading.Thread(target=answer_once, args=(server,))
        thread.start()
        address = f'127.0.0.1:{server.getsockname()[1]}'
        assert unknown_digest(f'{scheme}://me:secret@{address}/cam?a=1') == 'SHA-256'
        thread.join(20)
    assert '/cam?a=1' in requests[0]
    assert 'secret' not in requests[0]


def test_a_server_that_is_gone_tells_nothing():
    assert unknown_digest('rtsp://127.0.0.1:1/cam') == ''
