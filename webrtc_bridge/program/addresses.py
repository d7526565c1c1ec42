"""The addresses of this machine, and how addresses are written."""

import contextlib
import ipaddress
import re
import socket

CONTAINERS = re.compile(r'docker|br-|veth|virbr|lxc|lxd|cni|flannel|cali|kube|podman|vmnet|vbox')
'Starts of the names of interfaces to containers and virtual machines on this machine.'

ELSEWHERE = (('192.0.2.1', socket.AF_INET), ('2001:db8::1', socket.AF_INET6))
'Addresses that only the default route leads to (RFC 5737, RFC 3849); nothing is sent to them.'


_known: list[tuple[str, str]] = []
'The interfaces that were last found.'


def interface_addresses() -> list[str]:
    """
    Return the addresses of this machine's interfaces; empty where ifaddr is not installed.

    A program that may open no more files, and so cannot ask for them, has those of the last time.
    """
    return [address for _, address in _interfaces()]


def best_first(addresses: list[str]) -> list[str]:
    """
    Sort addresses of this machine by how likely others reach them.

    Those of the default route are first; link-local ones, and those of bridges to containers, of
    which a host of Docker or Kubernetes has dozens, are last.
    """
    names = {address: name for name, address in _interfaces()}
    default = default_addresses()

    def order(address: str) -> int:
        if address in default:
            return 0
        if ipaddress.ip_address(address.partition('%')[0]).is_link_local:
            return 2
        return 3 if CONTAINERS.match(names.get(address, '')) else 1

    return sorted(addresses, key=order)


def default_addresses() -> set[str]:
    """Return the addresses from which packets by the default routes are sent."""
    found = set()
    for address, family in ELSEWHERE:
        with contextlib.suppress(OSError), socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.connect((address, 9))
            found.add(str(probe.getsockname()[0]))
    return found


def _interfaces() -> list[tuple[str, str]]:
    """Return the names of interfaces, with one address each."""
    try:
        import ifaddr
    except ImportError:  # it comes with aiortc, which not every program needs
        return []
    with contextlib.suppress(OSError):
        found = [(card.nice_name, a.ip) for card in ifaddr.get_adapters() for a in card.ips]
        _known[:] = [(name, ip if isinstance(ip, str) else ip[0]) for name, ip in found]
    return list(_known)


def host_and_port(host: str, port: int) -> str:
    """Return `host` and `port` as in a URL, where an IPv6 address is in brackets (RFC 3986)."""
    return f'[{host}]:{port}' if ':' in host else f'{host}:{port}'
