import pytest

from webrtc_bridge.peer.candidate_policy import CandidatePolicy
from webrtc_bridge.signaling.protocol.messages import IceServer

ORDINARY = ('192.168.1.7', 'fd00::7')


def refusal(host, own=ORDINARY, *more):
    policy = CandidatePolicy(lambda: own, *more)
    return policy.why_not(f'candidate:1 1 udp 2130706431 {host} 50000 typ host')


@pytest.mark.parametrize(
    'host',
    [
        *('203.0.113.7', '10.0.0.7', '172.16.0.7', '192.168.1.9', '100.64.0.7'),
        *('2001:db8::7', 'fd00::8', '::ffff:192.168.1.9'),
        '8a3b0c4e-5d1f-4a0e-9d3e-1f2a3b4c5d6e.local',
    ],
)
def test_an_address_that_a_peer_can_have_is_taken(host):
    assert refusal(host) == ''


@pytest.mark.parametrize(
    ('host', 'reason'),
    [
        ('127.0.0.1', 'loopback'),
        ('127.8.9.10', 'loopback'),
        ('::1', 'loopback'),
        ('::ffff:127.0.0.1', 'loopback'),
        ('0.0.0.0', 'not an address of a machine'),
        ('0.0.0.7', 'not an address of a machine'),
        ('::', 'not an address of a machine'),
        ('255.255.255.255', 'not an address of a machine'),
        ('240.0.0.7', 'not an address of a machine'),
        ('224.0.0.251', 'multicast'),
        ('239.255.255.250', 'multicast'),
        ('ff02::fb', 'multicast'),
        ('169.254.7.7', 'link-local'),
        ('fe80::7', 'link-local'),
        ('fe80::7%eth0', 'link-local'),
        ('169.254.169.254', 'metadata'),
        ('::ffff:169.254.169.254', 'metadata'),
        ('fd00:ec2::254', 'metadata'),
        ('metadata.google.internal', 'is not an address'),
        ('localhost', 'is not an address'),
        ('192.168.1.', 'is not an address'),
        ('0x7f.1', 'is not an address'),
        ('2130706433', 'is not an address'),
        ('fe80::1%\x1b[31m', r"'fe80::1%\x1b[31m' is not an address"),
    ],
)
def test_any_other_is_refused_with_its_reason(host, reason):
    assert reason in refusal(host)


def test_loopback_is_taken_where_this_machine_has_nothing_else():
    assert refusal('127.0.0.1', ['127.0.0.1']) == ''
    assert refusal('::1', ['127.0.0.1', '::1']) == ''
    assert refusal('127.0.0.1', ['127.0.0.1', '192.168.1.7']) != ''


def test_link_local_is_taken_where_this_machine_has_such_an_address_too():
    assert refusal('169.254.7.7', ['169.254.1.1', '192.168.1.7']) == ''
    assert refusal('fe80::7', ['fe80::1%2']) == ''
    assert refusal('169.254.7.7', ['fe80::1%2']) != ''  # of the other family, as every machine
    assert refusal('169.254.169.254', ['169.254.1.1']) != ''


@pytest.mark.parametrize(
    'line',
    [
        'nonsense',
        'candidate:1 1 udp 2130706431 203.0.113.7 50000 typ',
        'candidate:1  1 udp 2130706431 203.0.113.7 50000 typ host',
        'candidate:1\t1 udp 2130706431 127.0.0.1 203.0.113.7 typ host',
        'candidate:1 1 udp 2130706431 203.0.113.7\n 50000 typ host',
    ],
)
def test_a_line_that_two_readers_could_read_in_two_ways_is_refused(line):
    reason = CandidatePolicy(lambda: ORDINARY).why_not(line)
    assert 'cannot be read' in reason
    assert reason.isprintable()


@pytest.mark.parametrize('prefix', ['', 'candidate:', 'a=candidate:'])
def test_a_candidate_is_read_with_and_without_its_prefixes(prefix):
    line = prefix + '1 1 udp 2130706431 127.0.0.1 50000 typ host\r\n'
    assert 'loopback' in CandidatePolicy(lambda: ORDINARY).why_not(line)


@pytest.mark.parametrize(
    'urls',
    [('turn:127.0.0.1',), ('stun:x', 'turns:127.0.0.1:443?transport=tcp'), ('turn:localhost:9',)],
)
def test_where_the_own_turn_server_is_a_relay_may_be(urls):
    servers = (IceServer(('turn:broken:[',)), IceServer(()), IceServer(urls))
    assert refusal('127.0.0.1', ORDINARY, servers) == ''
    assert refusal('127.0.0.2', ORDINARY, servers) != ''


def test_what_a_relay_may_reach_is_its_own_policy():
    assert refusal('127.0.0.1', ORDINARY, (), True) == ''
