"""The addresses of this machine, the best first."""

import ipaddress
import resource

import pytest

from webrtc_bridge.program import addresses
from webrtc_bridge.program.addresses import best_first, default_addresses, interface_addresses

INTERFACES = [
    ('br-0a1b2c', '172.18.0.1'),
    ('docker0', '172.17.0.1'),
    ('eth0', 'fe80::1'),
    ('wlan0', '192.168.1.7'),
    ('eth0', '10.0.0.5'),
    ('wg0', '10.8.0.2'),
]


def test_those_that_others_reach_are_first_and_bridges_to_containers_last(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(addresses, '_interfaces', lambda: INTERFACES)
    monkeypatch.setattr(addresses, 'default_addresses', lambda: {'10.0.0.5'})
    assert best_first([address for _, address in INTERFACES]) == [
        *('10.0.0.5', '192.168.1.7', '10.8.0.2', 'fe80::1', '172.18.0.1', '172.17.0.1')
    ]


def test_an_address_that_is_not_known_is_an_ordinary_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(addresses, '_interfaces', lambda: INTERFACES)
    assert best_first(['172.17.0.1', '203.0.113.9']) == ['203.0.113.9', '172.17.0.1']


def test_what_this_machine_has_is_found() -> None:
    found = interface_addresses()
    assert all(ipaddress.ip_address(address.partition('%')[0]) for address in found)
    assert default_addresses() <= set(found)
    assert sorted(best_first(found)) == sorted(found)


def test_addresses_of_the_last_time_stand_where_no_file_may_be_opened() -> None:
    known = interface_addresses()
    assert known
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (0, hard))
    try:
        assert interface_addresses() == known
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
