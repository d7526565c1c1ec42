"""A network between two sessions of one process that loses packets."""

from aiortc.rtp import RtpPacket

from .session_pair import until


class LossyNetwork:
    """Loses RTP packets in front of a receiver, chosen by their sequence number."""

    def __init__(self, pair):
        receiver = pair.inbound._peer.connection.getTransceivers()[0].receiver
        self.transport = receiver.transport
        self.codecs = receiver._RTCRtpReceiver__codecs
        self.deliver = self.transport._handle_rtp_data
        self.transport._handle_rtp_data = self.handle
        self.victims = {}
        self.copies = 0
        self.wanted = None
        self.loses_first_copies = False

    async def handle(self, data, arrival_time_ms):
        packet = RtpPacket.parse(data, self.transport._rtp_header_extensions_map)
        sequence = packet.sequence_number
        if self.codecs[packet.payload_type].name == 'rtx':
            sequence = int.from_bytes(packet.payload[:2], 'big')
        elif self.loses_first_copies:
            return
        elif self.wanted and self.wanted(packet):
            self.victims[sequence] = self.copies
            self.wanted = None
        if self.victims.get(sequence, 0):
            self.victims[sequence] -= 1
            return
        await self.deliver(data, arrival_time_ms=arrival_time_ms)

    async def lose(self, copies, wanted=lambda packet: True):
        """Lose the next `wanted` packet, as often as it is sent, up to `copies` times."""
        self.copies, self.wanted = copies, wanted
        await until(lambda: self.wanted is None)
