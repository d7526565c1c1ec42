"""webrtcbin's ways to find a path: STUN, TURN, and addresses of this machine."""

import ipaddress
import logging
from urllib.parse import quote

from webrtc_bridge.gstreamer.library import Element
from webrtc_bridge.program.addresses import interface_addresses
from webrtc_bridge.signaling.protocol.messages import IceServer

logger = logging.getLogger(__name__)


def set_up_ice(webrtc: Element) -> None:
    """
    Keep libnice from asking the router by UPnP for open ports, and let it meet peers on loopback.

    The first also takes 200 ms; the second is for a machine that has no other address.
    """
    ice = webrtc.get_property('ice-agent')
    if ice.__grefcount__ < 2:
        # GStreamer 1.22's webrtcbin leaves its agent's first reference to whoever asks for it.
        ice._ref()
    ice.get_property('agent').set_property('upnp', False)
    if only_loopback():
        ice.emit('add-local-ip-address', '127.0.0.1')


def only_loopback() -> bool:
    """Say whether this machine has no address that others could reach."""
    addresses = interface_addresses()
    return bool(addresses) and all(ipaddress.ip_address(ip).is_loopback for ip in addresses)


def add_ice_servers(webrtc: Element, servers: tuple[IceServer, ...]) -> list[str]:
    """Tell webrtcbin of the first STUN server and all TURN servers; return the latter's names."""
    named: list[str] = []
    for server in servers:
        for url in server.urls:
            scheme, _, address = url.partition(':')
            if scheme == 'stun' and webrtc.get_property('stun-server') is None:
                webrtc.set_property('stun-server', f'stun://{address}')
            elif scheme in ('turn', 'turns'):
                user = quote(server.username, safe='')
                password = quote(server.credential, safe='')
                if webrtc.emit('add-turn-server', f'{scheme}://{user}:{password}@{address}'):
                    named.append(url)
                else:
                    logger.warning('TURN server %s cannot be used', url)
    return named
