"""
The private parts of aiortc and aioice that the patches rely on, checked before the first session.

They are looked for because most are assigned to: where a patch release has renamed one, Python
would set an attribute that nobody reads. aiortc would put frames into its queue without a bound.
"""

import functools
from collections.abc import Iterator
from importlib import metadata
from typing import Any

import aioice.stun
from aiortc import RTCConfiguration, RTCPeerConnection

from webrtc_bridge.errors import RequirementError
from webrtc_bridge.program.requirements import IN_A_VENV

SENDER_PARTS = (
    '_handle_rtcp_packet',
    '_rtx_ssrc',
    '_run_rtp',
    '_send_rtcp',
    '_ssrc',
    '_RTCRtpSender__octet_count',
    '_RTCRtpSender__packet_count',
    '_RTCRtpSender__rtp_exited',
    '_RTCRtpSender__rtp_started',
    '_RTCRtpSender__rtp_timestamp',
)
RECEIVER_PARTS = (
    '_handle_rtcp_packet',
    '_RTCRtpReceiver__active_ssrc',
    '_RTCRtpReceiver__remote_bitrate_estimator',
    '_send_rtcp',
    '_send_rtcp_nack',
    '_send_rtcp_pli',
    '_RTCRtpReceiver__nack_generator',
    '_RTCRtpReceiver__codecs',
    '_RTCRtpReceiver__jitter_buffer',
    '_RTCRtpReceiver__remote_streams',
    '_RTCRtpReceiver__rtcp_ssrc',
    '_RTCRtpReceiver__rtx_ssrc',
)
TRANSPORT_PARTS = ('_rtp_header_extensions_map', '_rtp_router', '_recv_next', '_tx_srtp')
CONNECTION_PARTS = ('_RTCPeerConnection__connect', '_RTCPeerConnection__iceTransports')
ICE_PARTS = (
    '_check_list',
    '_check_periodic',
    '_closing',
    '_early_checks',
    '_early_checks_done',
    '_local_candidates',
    '_nominated',
    '_pair_remote_candidate',
    '_protocols',
    '_query_consent_task',
    '_remote_candidates',
    'build_request',
    'query_consent',
    'sort_check_list',
)
TRANSACTION_PARTS = ('_Transaction__retry', '_Transaction__timeout_delay')
WRITTEN_FOR = {'aiortc': '1.16.0', 'aioice': '0.13.0'}
'The versions whose parts these are.'


def require_private_parts() -> None:
    """
    Check that the installed aiortc and aioice have all of them; in the event loop.

    Raises: RequirementError.
    """
    for library, missing in missing_parts():
        wanted = ' '.join(f"'{name}=={version}'" for name, version in WRITTEN_FOR.items())
        found = f'{metadata.version(library)} without {missing}'
        raise RequirementError(library, found, '', f'pip install {wanted} {IN_A_VENV}')


@functools.cache
def missing_parts() -> tuple[tuple[str, str], ...]:
    """Return the library and the name of each part that is missing."""
    return tuple(_missing(RTCPeerConnection(RTCConfiguration(iceServers=[]))))


def _missing(connection: Any) -> Iterator[tuple[str, str]]:
    """Look at what a connection that is never used is made of."""
    transceiver = connection.addTransceiver('video')
    transport = transceiver.receiver.transport
    request = aioice.stun.Message(aioice.stun.Method.BINDING, aioice.stun.Class.REQUEST)
    transaction = aioice.stun.Transaction(request, ('192.0.2.1', 9), connection)
    ice = getattr(transport.transport, '_connection', None)
    for library, thing, names in (
        ('aiortc', connection, CONNECTION_PARTS),
        ('aiortc', transceiver.sender, SENDER_PARTS),
        ('aiortc', transceiver.receiver, RECEIVER_PARTS),
        ('aiortc', transport, TRANSPORT_PARTS),
        ('aiortc', transport.transport, ('_connection',)),
        ('aioice', ice, ICE_PARTS),
        ('aioice', transaction, TRANSACTION_PARTS),
        ('aioice', aioice.stun, ('RETRY_MAX',)),
    ):
        for name in names:
            if not hasattr(thing, name):
                owner = getattr(thing, '__name__', type(thing).__name__)
                yield library, f'{owner}.{name}'
