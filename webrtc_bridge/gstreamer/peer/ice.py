"""The candidates of a webrtcbin: addresses of this machine, STUN and TURN, and the peer's."""

import asyncio
import functools
import ipaddress
import logging
from collections.abc import Callable
from urllib.parse import quote

from webrtc_bridge.gstreamer.library import (
    Element,
    GstWebRTC,
    Signals,
    add_reference,
    post,
)
from webrtc_bridge.gstreamer.peer.sdp import mids, without_tcp
from webrtc_bridge.peer.negotiation import is_tcp
from webrtc_bridge.peer.own_candidates import OwnCandidates, ranks
from webrtc_bridge.program.addresses import best_first, interface_addresses
from webrtc_bridge.signaling.protocol.messages import IceCandidate, IceServer

GATHER_TIMEOUT = 0.5
"""
Seconds that the offer waits for candidates. This machine's own are there at once; those of STUN
and TURN servers follow one by one, and a server that does not answer delays nobody.
"""

logger = logging.getLogger(__name__)


class IceAgent:
    """
    Gather the candidates of a webrtcbin with `servers`, and add those of the peer.

    `on_candidate` gets the candidates that follow the offer, and their end. Belongs to the event
    loop.
    """

    def __init__(
        self,
        peer_id: str,
        servers: tuple[IceServer, ...],
        on_candidate: Callable[[IceCandidate | None], None],
    ) -> None:
        self._peer_id = peer_id
        self._webrtc: Element = None
        self._servers = servers
        self._on_candidate = on_candidate
        loop = asyncio.get_running_loop()
        self._post = functools.partial(post, loop)
        self._gathered: asyncio.Future[None] = loop.create_future()
        self._mids: list[str] = []
        self._own = OwnCandidates(ranks(best_first(interface_addresses())))
        self._offered = False
        self._relayed = False
        self._turn_servers: list[str] = []
        self._signals = Signals()

    def begin(self, webrtc: Element) -> None:
        """Prepare `webrtc`, which has just been made."""
        self._webrtc = webrtc
        set_up_ice(webrtc)
        self._turn_servers = add_ice_servers(webrtc, self._servers)
        self._signals.connect(webrtc, 'on-ice-candidate', self._on_found)
        self._signals.connect(webrtc, 'notify::ice-gathering-state', self._on_gathering)

    async def gather(self, offer: str) -> None:
        """Wait for the candidates of the local description `offer`; the others follow it."""
        self._mids = mids(offer)
        await asyncio.wait({self._gathered}, timeout=GATHER_TIMEOUT)
        self._offered = True

    def description(self, offer: str) -> str:
        """Return the gathered `offer` as it is to be sent; some of its candidates follow it."""
        offer = self._own.description(without_tcp(offer))
        if self._own.waiting:
            asyncio.get_running_loop().call_soon(self._send_rest)
        return offer

    def add(self, candidate: IceCandidate | None) -> None:
        """Add a candidate of the peer."""
        if candidate is None or not candidate.line:
            return  # webrtcbin of 1.22 reads an end of candidates as a bad one
        index = candidate.mline_index
        if index is None:
            index = self._mids.index(candidate.mid) if candidate.mid in self._mids else 0
        line = candidate.line
        text = line if line.startswith('candidate:') else f'candidate:{line}'
        self._webrtc.emit('add-ice-candidate', index, text)

    @property
    def failed(self) -> bool:
        """Whether no path to the peer was found, or it was lost."""
        state = self._webrtc.get_property('ice-connection-state')
        return bool(state == GstWebRTC.WebRTCICEConnectionState.FAILED)

    def close(self) -> None:
        """Listen no longer; idempotent."""
        self._signals.disconnect()
        self._webrtc = None

    def _on_found(self, _: Element, index: int, line: str) -> None:
        self._post(self._pass_on, index, line)

    def _pass_on(self, index: int, line: str) -> None:
        self._relayed = self._relayed or ' typ relay' in line
        # Earlier ones are in the offer. No viewer speaks TCP other than to a TURN server.
        if self._offered and not is_tcp(line) and self._own.takes(line):
            self._send(line, index)

    def _send(self, line: str, index: int = 0) -> None:
        mid = self._mids[index] if index < len(self._mids) else None
        self._on_candidate(IceCandidate(line, mid, index))

    def _send_rest(self) -> None:
        for line in self._own.rest():
            self._send(line)
        if self._gathered.done():
            self._on_candidate(None)

    def _on_gathering(self, webrtc: Element, _: object) -> None:
        complete = GstWebRTC.WebRTCICEGatheringState.COMPLETE
        if webrtc.get_property('ice-gathering-state') == complete:
            self._post(self._on_gathered)

    def _on_gathered(self) -> None:
        if not self._gathered.done():
            self._gathered.set_result(None)
        if self._turn_servers and not self._relayed:
            servers = ', '.join(self._turn_servers)
            text = '%s: no relay at %s: it does not answer, or refuses the login'
            logger.warning(text, self._peer_id, servers)
        if self._offered:
            self._send_rest()


def set_up_ice(webrtc: Element) -> None:
    """
    Keep libnice from asking the router by UPnP for open ports, and let it meet peers on loopback.

    The first also takes 200 ms; the second is for a machine that has no other address.
    """
    ice = webrtc.get_property('ice-agent')
    if ice.__grefcount__ < 2:
        # webrtcbin (1.22 to 1.28) leaves its agent's first reference to whoever asks for it.
        add_reference(ice)
    ice.get_property('agent').set_property('upnp', False)
    if only_loopback():
        ice.emit('add-local-ip-address', '127.0.0.1')


def only_loopback() -> bool:
    """Return whether this machine has no address that others could reach."""
    addresses = interface_addresses()
    return bool(addresses) and all(ipaddress.ip_address(ip).is_loopback for ip in addresses)


def add_ice_servers(webrtc: Element, servers: tuple[IceServer, ...]) -> list[str]:
    """Let `webrtc` use the first STUN server and all TURN servers; return the latter's URLs."""
    used: list[str] = []
    for server in servers:
        for url in server.urls:
            scheme, _, address = url.partition(':')
            if scheme == 'stun' and webrtc.get_property('stun-server') is None:
                webrtc.set_property('stun-server', f'stun://{address}')
            elif scheme in ('turn', 'turns'):
                user = quote(server.username, safe='')
                password = quote(server.credential, safe='')
                if webrtc.emit('add-turn-server', f'{scheme}://{user}:{password}@{address}'):
                    used.append(url)
                else:
                    logger.warning('TURN server %s cannot be used', url)
    return used
