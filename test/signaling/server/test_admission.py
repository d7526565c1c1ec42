import pytest

from webrtc_bridge.signaling.server.admission import Admission, may_connect, network_of


@pytest.mark.parametrize(
    ('origin', 'host', 'allowed', 'answer'),
    [
        (None, '127.0.0.1:8080', (), True),
        ('http://127.0.0.1:8080', '127.0.0.1:8080', (), True),
        ('http://ROBOT:8080', 'robot:8080', (), True),
        ('https://robot', 'robot:443', (), True),
        ('http://robot', 'robot', (), True),
        ('http://[::1]:8080', '[::1]:8080', (), True),
        ('http://robot', 'robot:8080', (), False),
        ('http://127.0.0.1:9090', '127.0.0.1:8080', (), False),
        ('http://evil.example', 'robot:8080', (), False),
        ('http://robot:8080.evil.example', 'robot:8080', (), False),
        ('http://robot:8080@evil.example', 'robot:8080', (), False),
        ('null', 'robot:8080', (), False),
        ('', 'robot:8080', (), False),
        ('http://robot:99999', 'robot:8080', (), False),
        ('http://[', 'robot:8080', (), False),
        ('http://', '', (), False),
        ('https://ui.example', 'robot:8080', ('https://ui.example',), True),
        ('https://UI.example', 'robot:8080', ('https://ui.example/',), True),
        ('http://ui.example', 'robot:8080', ('https://ui.example',), False),
        ('null', 'robot:8080', ('null',), True),
    ],
)
def test_pages_of_other_origins_may_not_connect(
    origin: str | None, host: str, allowed: tuple[str, ...], answer: bool
) -> None:
    assert may_connect(origin, host, allowed, any_name=True) is answer


@pytest.mark.parametrize(
    ('name', 'answer'),
    [
        ('127.0.0.1', True),
        ('192.0.2.1', True),
        ('[::1]', True),
        ('[fe80::1]', True),
        ('localhost', True),
        ('robot', True),
        ('robot.local', True),
        ('robot.lan', True),
        ('camera.home.arpa', True),
        ('viewer.localhost', True),
        ('evil.example', False),
        ('127.0.0.1.evil.example', False),
        ('local.evil.example', False),
        ('robot.local.', False),
    ],
)
def test_without_tokens_a_strangers_name_for_this_machine_is_refused(
    name: str, answer: bool
) -> None:
    origin, host = f'http://{name}:8080', f'{name}:8080'
    assert may_connect(origin, host, (), any_name=False) is answer
    assert may_connect(origin, host, (), any_name=True)
    assert may_connect(origin, host, (origin,), any_name=False)


def test_sockets_are_capped_for_each_address_and_in_all() -> None:
    admission = Admission(max_sockets=3, max_per_address=2)
    assert [admission.enter('192.0.2.1') for _ in range(3)] == [True, True, False]
    assert [admission.enter('192.0.2.2') for _ in range(2)] == [True, False]
    admission.leave('192.0.2.1')
    assert admission.enter('192.0.2.2')


def test_each_token_has_a_share_of_its_own_behind_one_address() -> None:
    admission = Admission(max_sockets=9, max_per_address=2)
    assert [admission.enter('192.0.2.1', b'greedy') for _ in range(3)] == [True, True, False]
    assert admission.enter('192.0.2.1', b'modest')
    admission.leave('192.0.2.1', b'greedy')
    assert admission.enter('192.0.2.1', b'greedy')


def test_an_ipv6_network_counts_as_one_address() -> None:
    assert network_of('2001:db8::1') == network_of('2001:db8::2')
    assert network_of('2001:db8:0:1::1') != network_of('2001:db8::1')
    assert network_of('fe80::1%eth0') == network_of('fe80::2%eth1')
    assert network_of('::ffff:192.0.2.1') == '192.0.2.1'
