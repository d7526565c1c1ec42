"""The private parts of aiortc and aioice that peer/aiortc/patches/ relies on."""

import ast
import asyncio
import importlib.util
import inspect
import re
from importlib import metadata
from pathlib import Path

import aioice.ice
import aioice.stun
import aioice.turn
import pytest
from aiortc import RTCCertificate, RTCConfiguration, RTCPeerConnection, RTCSessionDescription
from aiortc.codecs import HEADER_EXTENSIONS
from aiortc.rate import RateCounter
from aiortc.rtp import (
    HeaderExtensionsMap,
    RtcpSenderInfo,
    RtcpSrPacket,
    RtpPacket,
    unpack_header_extensions,
)
from support.peers.session_pair import Ends, outbound_session, until

from webrtc_bridge.media.frames import Codec
from webrtc_bridge.media.rtp.broadcast import Broadcast
from webrtc_bridge.media.rtp.source_header import SOURCE_HEADER
from webrtc_bridge.peer.aiortc import patches
from webrtc_bridge.peer.aiortc.outbound_track import OutboundTrack
from webrtc_bridge.peer.aiortc.patches.header_extensions import EXTENSION_ID
from webrtc_bridge.peer.aiortc.patches.ice_servers import usable_servers
from webrtc_bridge.peer.aiortc.patches.private_parts import (
    CONNECTION_PARTS,
    ICE_PARTS,
    RECEIVER_PARTS,
    SENDER_PARTS,
    TRANSACTION_PARTS,
    TRANSPORT_PARTS,
)
from webrtc_bridge.peer.aiortc.patches.receiving.encoded_frames import on_sender_report
from webrtc_bridge.program.requirements import VERSIONS, fits
from webrtc_bridge.signaling.protocol.messages import Answer, IceServer, Offer

LIBRARY_MODULE = re.compile(r'aiortc\.|aioice\.')
'A module inside of a library, as opposed to the library itself.'

PINNED = ('aiortc', 'aioice', 'av')

MODULE_PARTS = {
    'aioice.ice': (
        'Connection',
        'StunProtocol',
        'get_host_addresses',
        'relayed_candidate',
        'server_reflexive_candidate',
    ),
    'aioice.mdns': ('create_mdns_protocol',),
    'aioice.stun': (
        'Class',
        'Message',
        'Method',
        'RETRY_MAX',
        'Transaction',
        'TransactionError',
        'TransactionFailed',
        'parse_message',
    ),
    'aioice.turn': ('TurnTransport', 'create_turn_endpoint', 'time'),
    'aiortc.codecs': ('CODECS', 'HEADER_EXTENSIONS', 'depayload', 'is_rtx'),
    'aiortc.exceptions': ('OperationError',),
    'aiortc.mediastreams': ('MediaStreamError', 'MediaStreamTrack'),
    'aiortc.rtcconfiguration': ('RTCIceTransportPolicy',),
    'aiortc.rtcicetransport': ('connection_kwargs',),
    'aiortc.rtcrtpparameters': (
        'RTCRtcpFeedback',
        'RTCRtpCodecCapability',
        'RTCRtpHeaderExtensionParameters',
        'RTCRtpParameters',
        'RTCRtpSendParameters',
    ),
    'aiortc.rtp': (
        'RTCP_PSFB_APP',
        'RTCP_PSFB_FIR',
        'RTCP_PSFB_PLI',
        'RTCP_RTPFB_NACK',
        'RTP_HISTORY_SIZE',
        'AnyRtcpPacket',
        'HeaderExtensions',
        'HeaderExtensionsMap',
        'RtcpPsfbPacket',
        'RtcpRrPacket',
        'RtcpRtpfbPacket',
        'RtcpSenderInfo',
        'RtcpSrPacket',
        'RtpPacket',
        'unpack_header_extensions',
        'unpack_remb_fci',
    ),
    'aiortc.sdp': ('candidate_from_sdp',),
    'aiortc.rate': ('RateCounter',),
    'aiortc.rtcdtlstransport': ('clock',),
    'aiortc.rtcrtpreceiver': ('NackGenerator', 'time'),
    'aiortc.rtcrtpsender': ('time',),
    'aiortc.rtcsctptransport': (
        'DataChunk',
        'ForwardTsnChunk',
        'SackChunk',
        'decode_params',
        'time',
    ),
}
ASSOCIATION_PARTS = (
    '_advertised_rwnd',
    '_handle_data',
    '_inbound_streams',
    '_last_received_tsn',
    '_local_tsn',
    '_receive_chunk',
    '_send_chunk',
)
COUNTER_PARTS = ('_erase_old', '_origin_ms', '_window_size')
PACKET_PARTS = (
    'sequence_number',
    'timestamp',
    'marker',
    'payload',
    'ssrc',
    'payload_type',
    'extensions',
    'padding_size',
)


@pytest.fixture
async def transceiver(nothing_left):
    """Return a video transceiver of a connection that is not used further."""
    connection = RTCPeerConnection(RTCConfiguration(iceServers=[]))
    yield connection.addTransceiver(OutboundTrack(Broadcast(print, print)), 'sendonly')
    await connection.close()


def parameters(function):
    return list(inspect.signature(function).parameters)


@pytest.mark.parametrize('library', PINNED)
def test_the_installed_version_is_the_one_this_was_written_for(library):
    found = metadata.version(library)
    assert fits(found, VERSIONS[library]), f'{library} {found} is not {VERSIONS[library]}'


def test_what_is_pinned_is_pinned_to_a_minor_version():
    assert VERSIONS['aiortc'].startswith('==1.')
    assert VERSIONS['aioice'].startswith('==0.')


@pytest.mark.parametrize('name', SENDER_PARTS)
async def test_a_sender_has(transceiver, name):
    assert hasattr(transceiver.sender, name), f'RTCRtpSender has no {name}'


@pytest.mark.parametrize('name', RECEIVER_PARTS)
async def test_a_receiver_has(transceiver, name):
    assert hasattr(transceiver.receiver, name), f'RTCRtpReceiver has no {name}'


@pytest.mark.parametrize('name', TRANSPORT_PARTS)
async def test_a_transport_has(transceiver, name):
    transport = transceiver.receiver.transport
    assert hasattr(transport, name), f'RTCDtlsTransport has no {name}'
    assert parameters(transport._rtp_router.route_rtcp) == ['packet']
    assert parameters(transport._rtp_router.route_rtp) == ['packet']


@pytest.mark.parametrize('name', CONNECTION_PARTS)
async def test_a_connection_has(name, nothing_left):
    connection = RTCPeerConnection(RTCConfiguration(iceServers=[]))
    assert hasattr(connection, name), f'RTCPeerConnection has no {name}'
    await connection.close()


async def test_what_an_ice_connection_keeps_has(untuned_ice):
    connection = untuned_ice.Connection(ice_controlling=True)
    candidate = untuned_ice.Candidate.from_sdp('1 1 udp 1 192.0.2.1 9 typ host')
    await connection.add_remote_candidate(candidate)
    (known,) = connection._remote_candidates
    assert (known._network_host, known.port) == ('192.0.2.1', 9)
    connection._early_checks.append(('message', ('192.0.2.1', 9), 'protocol'))
    await connection.close()


async def test_a_socket_of_a_candidate_is_made_by_its_name(monkeypatch):
    """The guard takes its place."""
    made = []

    class Protocol(aioice.ice.StunProtocol):
        def __init__(self, receiver):
            super().__init__(receiver)
            made.append(self)

    monkeypatch.setattr(aioice.ice, 'StunProtocol', Protocol)
    connection = aioice.ice.Connection(ice_controlling=True)
    await connection.gather_candidates()
    assert made == connection._protocols
    assert parameters(made[0].datagram_received) == ['data', 'addr']
    assert all(one.receiver is connection and one.local_candidate.component == 1 for one in made)
    await connection.close()


@pytest.mark.parametrize('name', ICE_PARTS)
async def test_an_ice_connection_has(name):
    assert hasattr(aioice.ice.Connection(ice_controlling=True), name), f'Connection has no {name}'


async def test_a_transaction_has_what_sets_its_pace():
    request = aioice.stun.Message(aioice.stun.Method.BINDING, aioice.stun.Class.REQUEST)
    transaction = aioice.stun.Transaction(request, ('192.0.2.1', 9), None)
    for name in TRANSACTION_PARTS:
        assert hasattr(transaction, name), f'Transaction has no {name}'


@pytest.mark.parametrize('name', COUNTER_PARTS)
def test_a_rate_counter_has(name):
    assert hasattr(RateCounter(1000), name), f'RateCounter has no {name}'


@pytest.mark.parametrize('name', ASSOCIATION_PARTS)
async def test_an_association_has(name, nothing_left):
    connection = RTCPeerConnection(RTCConfiguration(iceServers=[]))
    connection.createDataChannel('clock')
    assert hasattr(connection.sctp, name), f'RTCSctpTransport has no {name}'
    assert parameters(connection.sctp._receive_chunk) in (['chunk'], ['transport', 'chunk'])
    assert parameters(connection.sctp._send_chunk) in (['chunk'], ['transport', 'chunk'])
    await connection.close()


async def test_what_is_kept_for_each_stream_is_a_dictionary(transceiver):
    receiver = transceiver.receiver
    for kept in (
        receiver._RTCRtpReceiver__active_ssrc,
        receiver._RTCRtpReceiver__remote_streams,
        receiver._RTCRtpReceiver__remote_bitrate_estimator.ssrcs,
        receiver.transport._rtp_router.ssrc_table,
    ):
        assert type(kept) is dict


async def test_a_transport_has_an_ice_connection(transceiver):
    transport = transceiver.receiver.transport.transport
    assert isinstance(transport._connection, aioice.ice.Connection)


async def test_a_transport_has_a_session_that_protects_what_is_sent(transceiver):
    assert hasattr(transceiver.sender.transport, '_tx_srtp')


def test_a_certificate_makes_the_settings_of_a_handshake():
    certificate = RTCCertificate.generateCertificate()
    assert parameters(certificate._create_ssl_context) == ['srtp_profiles']


def test_a_relay_has_the_connection_to_its_server():
    server = aioice.turn.TurnClientTcpProtocol(('192.0.2.1', 9), 'u', 'p', 600, 500)
    relay = aioice.turn.TurnTransport(server)
    assert relay._TurnTransport__inner_protocol is server


async def test_a_transport_receives_one_by_one(transceiver):
    receive = transceiver.sender.transport._recv_next
    assert inspect.iscoroutinefunction(receive)
    assert parameters(receive) == []


@pytest.mark.parametrize(
    ('module', 'name'),
    [(module, name) for module, names in MODULE_PARTS.items() for name in names],
)
def test_a_module_has(module, name):
    assert hasattr(importlib.import_module(module), name), f'{module} has no {name}'


@pytest.mark.parametrize('name', PACKET_PARTS)
def test_an_rtp_packet_has(name):
    assert hasattr(RtpPacket(), name), f'RtpPacket has no {name}'


@pytest.mark.parametrize(
    ('side', 'name', 'expected'),
    [
        ('sender', 'send', ['parameters']),
        ('sender', '_run_rtp', ['codec']),
        ('sender', '_handle_rtcp_packet', ['packet']),
        ('sender', '_send_rtcp', ['packets']),
        ('receiver', '_handle_rtcp_packet', ['packet']),
        ('receiver', '_send_rtcp', ['packet']),
        ('receiver', '_send_rtcp_pli', ['media_ssrc']),
        ('receiver', '_send_rtcp_nack', ['media_ssrc', 'lost']),
    ],
)
async def test_a_method_is_called_like_this(transceiver, side, name, expected):
    method = getattr(getattr(transceiver, side), name)
    assert parameters(method) == expected, f'{name} takes {parameters(method)}'
    assert inspect.iscoroutinefunction(method), f'{name} is not a coroutine function'


async def test_a_jitter_buffer_is_used_like_ours(transceiver):
    buffer = transceiver.receiver._RTCRtpReceiver__jitter_buffer
    assert parameters(buffer.add) == ['packet']
    packet = RtpPacket(payload_type=97, sequence_number=1, timestamp=0)
    packet._data = b''
    result = buffer.add(packet)
    assert (type(result), len(result)) == (tuple, 2), 'JitterBuffer.add is no (pli, frame)'
    assert result == (False, None)


def test_header_extensions_are_read_by_a_map_that_is_configured():
    assert parameters(HeaderExtensionsMap.configure) == ['self', 'parameters']
    assert parameters(HeaderExtensionsMap.get) == ['self', 'extension_profile', 'extension_value']
    assert parameters(unpack_header_extensions) == ['extension_profile', 'extension_value']
    assert [known.id for known in HEADER_EXTENSIONS['video'] if known.uri == SOURCE_HEADER] in (
        [],
        [EXTENSION_ID],
    )
    others = [known.id for known in HEADER_EXTENSIONS['video'] if known.uri != SOURCE_HEADER]
    assert EXTENSION_ID not in others


def test_a_sender_report_is_made_like_this():
    information = RtcpSenderInfo(
        ntp_timestamp=1 << 63, rtp_timestamp=2, packet_count=3, octet_count=4
    )
    report = RtcpSrPacket(ssrc=7, sender_info=information)
    report.sender_info.ntp_timestamp = 9
    assert (report.sender_info.ntp_timestamp, report.sender_info.rtp_timestamp) == (9, 2)
    assert bytes(report)


@pytest.fixture(scope='module')
def untuned_ice():
    """Return a copy of aioice.ice that nothing has been replaced in."""
    spec = importlib.util.find_spec('aioice.ice')
    assert spec
    assert spec.loader
    fresh = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(fresh)
    return fresh


def test_host_addresses_are_asked_for_by_family(untuned_ice):
    assert parameters(untuned_ice.get_host_addresses) == ['use_ipv4', 'use_ipv6']


def test_stun_servers_are_asked_like_this(untuned_ice):
    (server,) = usable_servers([IceServer(('stun:host:1',))])
    assert server.options == {'stun_server': ('host', 1)}
    assert parameters(untuned_ice.server_reflexive_candidate) == ['protocol', 'stun_server']


def test_turn_servers_are_asked_like_this(untuned_ice):
    (server,) = usable_servers([IceServer(('turns:host:1',), 'u', 'p')])
    assert server.options == {
        'turn_server': ('host', 1),
        'turn_ssl': True,
        'turn_transport': 'tcp',
        'turn_username': 'u',
        'turn_password': 'p',
    }
    assert set(server.options) < set(parameters(untuned_ice.relayed_candidate))


@pytest.mark.parametrize(
    ('name', 'servers'),
    [('server_reflexive_candidate', 'stun_server'), ('relayed_candidate', 'turn_server')],
)
async def test_servers_are_asked_by_the_functions_that_are_replaced(monkeypatch, name, servers):
    asked = []

    async def ask(*arguments, **options):
        asked.append((arguments, options))
        raise TimeoutError

    monkeypatch.setattr(aioice.ice, name, ask)
    connection = aioice.ice.Connection(ice_controlling=True, **{servers: ('host', 1)})
    await connection.gather_candidates()
    await connection.close()
    assert asked, f'gather_candidates() does not call {name}'


def private_names(source):
    """Return the private attributes that a module uses: of other objects, and of its own."""
    tree = ast.parse(source)
    foreign, own = set(), set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and node.attr.startswith('_'):
            of_self = isinstance(node.value, ast.Name) and node.value.id == 'self'
            (own if of_self else foreign).add(node.attr)
        elif isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            own.add(node.name)
    named_tuple = {
        '_replace',
        '_asdict',
        '_fields',
        '_make',
    }  # public, all the same
    return {name for name in foreign - named_tuple if not name.endswith('__')}, own


def test_every_private_part_in_use_is_checked_here():
    sources = sorted(Path(patches.__file__).parent.rglob('*.py'))
    used, own = private_names('\n'.join(path.read_text('utf-8') for path in sources))
    assert '_RTCRtpReceiver__jitter_buffer' in used
    checked = {
        *SENDER_PARTS,
        *RECEIVER_PARTS,
        *TRANSPORT_PARTS,
        *CONNECTION_PARTS,
        *ICE_PARTS,
        *TRANSACTION_PARTS,
        *COUNTER_PARTS,
        *ASSOCIATION_PARTS,
        '_connection',
        '_create_ssl_context',
        '_data',
        '_network_host',
        '_recv_next',
        '_TurnTransport__inner_protocol',
        '_tx_srtp',
    }  # _data: in the last test
    assert used - own <= checked, f'not checked: {used - own - checked}'


def module_parts(source):
    """Return what a module takes of the libraries' own modules, as `aioice.stun.Message`."""
    tree = ast.parse(source)
    modules, parts = {}, set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module == 'aioice':
            modules |= {alias.name: f'aioice.{alias.name}' for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and LIBRARY_MODULE.match(node.module or ''):
            parts |= {f'{node.module}.{alias.name}' for alias in node.names}
        elif isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
            modules |= {name: name for name in names if LIBRARY_MODULE.match(name)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and ast.unparse(node.value) in modules:
            parts.add(f'{modules[ast.unparse(node.value)]}.{node.attr}')
    return parts


def test_every_module_part_in_use_is_checked_here():
    """Names that the packages themselves do not export may change with any version."""
    package = Path(patches.__file__).parents[3]
    used = set().union(*(module_parts(path.read_text('utf-8')) for path in package.rglob('*.py')))
    assert {'aioice.turn.create_turn_endpoint', 'aiortc.sdp.candidate_from_sdp'} <= used
    checked = {f'{module}.{name}' for module, names in MODULE_PARTS.items() for name in names}
    assert used <= checked, f'not checked: {used - checked}'


@pytest.mark.parametrize('folder', ['media', 'peer'])
def test_no_other_module_touches_private_parts(folder):
    package = Path(patches.__file__).parents[3]
    for path in (package / folder).rglob('*.py'):
        if Path(patches.__file__).parent not in path.parents:
            used, own = private_names(path.read_text('utf-8'))
            assert not used - own, f'{path.name} uses {used - own}'


class Probe:
    """Stands where aiortc has its jitter buffer; notes what it is given."""

    def __init__(self):
        self.packets = []

    def add(self, packet):
        self.packets.append(packet)
        return False, None


async def test_a_running_connection_uses_all_that_is_replaced(harness):
    """Attributes may exist and no longer be what aiortc calls: look at a connection at work."""
    stock = RTCPeerConnection(RTCConfiguration(iceServers=[]))
    probe, sent = Probe(), Ends()
    outbound = outbound_session(sent, harness.broadcast, (Codec.H264,))
    running = asyncio.ensure_future(outbound.run())
    try:
        offer = await sent.next(Offer)
        await stock.setRemoteDescription(RTCSessionDescription(offer.sdp, 'offer'))
        receiver = stock.getTransceivers()[0].receiver
        receiver._RTCRtpReceiver__jitter_buffer = probe
        reports = []
        on_sender_report(receiver, lambda *report: reports.append(report))
        await stock.setLocalDescription(await stock.createAnswer())
        outbound.receive(Answer('viewer', 's1', stock.localDescription.sdp))
        await until(lambda: len(probe.packets) > 5)
        packet = probe.packets[0]
        assert packet._data.startswith(b'\0\0\0\1'), 'RtpPacket._data is not depayloaded H.264'
        codec = receiver._RTCRtpReceiver__codecs[packet.payload_type]
        assert codec.name == 'H264', 'RTCRtpReceiver.__codecs maps no payload type to its codec'
        statistics = receiver._RTCRtpReceiver__remote_streams[packet.ssrc]
        assert statistics.packets_received > 5
        assert statistics.packets_lost == 0
        keyframes = sum(frame.keyframe for frame in harness.encoded)
        await receiver._send_rtcp_pli(packet.ssrc)
        await until(lambda: sum(frame.keyframe for frame in harness.encoded) > keyframes)
        await until(lambda: reports)
        count = len(probe.packets)
        await receiver._send_rtcp_nack(packet.ssrc, [probe.packets[-1].sequence_number])
        await until(lambda: repeated(probe.packets[count - 1 :]))
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        await stock.close()


def repeated(packets):
    numbers = [packet.sequence_number for packet in packets]
    return len(numbers) > len(set(numbers))
