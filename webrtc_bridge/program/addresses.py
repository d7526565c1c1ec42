"""The addresses of this machine."""


def interface_addresses() -> list[str]:
    """Return the addresses of this machine's interfaces; empty where ifaddr is not installed."""
    try:
        import ifaddr
    except ImportError:  # it comes with aiortc, which not every program needs
        return []
    addresses = (address.ip for adapter in ifaddr.get_adapters() for address in adapter.ips)
    return [ip if isinstance(ip, str) else ip[0] for ip in addresses]
