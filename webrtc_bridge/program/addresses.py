"""The addresses of this machine, and how addresses are written."""


def interface_addresses() -> list[str]:
    """Return the addresses of this machine's interfaces; empty where ifaddr is not installed."""
    try:
        import ifaddr
    except ImportError:  # it comes with aiortc, which not every program needs
        return []
    addresses = (address.ip for adapter in ifaddr.get_adapters() for address in adapter.ips)
    return [ip if isinstance(ip, str) else ip[0] for ip in addresses]


def host_and_port(host: str, port: int) -> str:
    """Return `host` and `port` as in a URL, where an IPv6 address is in brackets (RFC 3986)."""
    return f'[{host}]:{port}' if ':' in host else f'{host}:{port}'
