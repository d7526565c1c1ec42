"""The addresses that aioice is made to offer."""

from pathlib import Path
from types import SimpleNamespace

import aioice.ice
import ifaddr
import pytest

from webrtc_bridge.peer.aiortc.patches import ice
from webrtc_bridge.peer.aiortc.patches.ice import only_link_local


def interface(name: str, *ips: object) -> SimpleNamespace:
    return SimpleNamespace(name=name, ips=[SimpleNamespace(ip=ip) for ip in ips])


@pytest.fixture
def interfaces(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[SimpleNamespace]:
    """Return the interfaces of this machine, for the test to fill."""
    found = [interface('lo', '127.0.0.1', ('::1', 0, 0))]
    monkeypatch.setattr(ifaddr, 'get_adapters', lambda: found)
    monkeypatch.setattr(aioice.ice.ifaddr, 'get_adapters', lambda: found)
    monkeypatch.setattr(ice, 'BRIDGE_PORT', str(tmp_path / '{}'))
    return found


def test_an_interface_that_has_a_link_local_address_alone_is_offered(interfaces) -> None:
    interfaces.append(interface('wlan0', '10.0.0.7', ('fe80::7', 0, 3)))
    interfaces.append(interface('eth0', ('fe80::8', 0, 2)))
    interfaces.append(interface('eth1', ('fd00::9', 0, 0), ('fe80::9', 0, 4)))
    assert only_link_local() == ['fe80::8%eth0']


def test_the_ports_of_a_bridge_are_not(interfaces, tmp_path: Path) -> None:
    interfaces.append(interface('veth7', ('fe80::7', 0, 3)))
    (tmp_path / 'veth7').touch()
    assert only_link_local() == []
