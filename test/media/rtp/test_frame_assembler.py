import dataclasses
import random
from dataclasses import dataclass, field
from itertools import pairwise

import av
import pytest
from aiortc.codecs import depayload
from aiortc.codecs.vpx import VpxPayloadDescriptor
from aiortc.rtcrtpparameters import RTCRtpCodecParameters

from webrtc_bridge.media.capture.pattern import Pattern, read_clock
from webrtc_bridge.media.codec.decoding_thread import open_decoder
from webrtc_bridge.media.codec.encoder import Encoder
from webrtc_bridge.media.frames import CapturedFrame, Codec, Encoding
from webrtc_bridge.media.pixels.planes import plane_pixels
from webrtc_bridge.media.rtp.frame_assembler import (
    CAPACITY,
    MOST_REQUESTED,
    FrameAssembler,
    MediaPacket,
    starts_keyframe,
)
from webrtc_bridge.media.rtp.repair_pace import RepairPace

KEYFRAME_START, DELTA_START, CONTINUATION = b'\x10\x00', b'\x10\x01', b'\x00\x00'
RETRY_AFTER, SKIP_AFTER = RepairPace().retry_after, RepairPace().give_up_after
LATER = SKIP_AFTER * 1.01


def frame_packets(number, parts, first, *, keyframe=False):
    """Return the packets of VP8 frame `number`; their data name the frame and the part."""
    start = KEYFRAME_START if keyframe else DELTA_START
    return [
        MediaPacket(
            sequence=(first + part) & 0xFFFF,
            timestamp=number * 3000 & 0xFFFFFFFF,
            marker=part == parts - 1,
            payload=CONTINUATION if part else start,
            data=f'{number}.{part}/{parts} '.encode(),
            arrival_ns=first + part,
        )
        for part in range(parts)
    ]


def stream(*parts, first=100, keyframes=(0,)):
    """Return a list of packets for each frame; `parts` are their lengths."""
    frames = []
    for number, count in enumerate(parts):
        frames.append(frame_packets(number, count, first, keyframe=number in keyframes))
        first += count
    return frames


def flat(frames):
    return [packet for packets in frames for packet in packets]


def padding(sequence, timestamp=0):
    return MediaPacket(sequence, timestamp, False, b'', b'', 0)


def numbers(frames):
    return [int(frame.data.split(b'.')[0]) for frame in frames]


def feed(assembler, packets, now=0.0):
    return [frame for packet in packets for frame in assembler.add(packet, now)]


@pytest.fixture
def assembler():
    return FrameAssembler(Codec.VP8)


def test_a_frame_comes_out_with_its_last_packet(assembler):
    (first, second) = stream(3, 2)
    assert feed(assembler, first[:2]) == []
    (frame,) = assembler.add(first[2], 0.0)
    assert frame.data == b'0.0/3 0.1/3 0.2/3 '
    assert (frame.codec, frame.keyframe, frame.timestamp) == (Codec.VP8, True, 0)
    assert frame.time_ns == first[2].arrival_ns
    assert feed(assembler, second[:1]) == []
    (frame,) = assembler.add(second[1], 0.0)
    assert (frame.data, frame.keyframe, frame.timestamp) == (b'1.0/2 1.1/2 ', False, 3000)
    assert not assembler.in_need


def test_a_frame_without_a_marker_comes_out_when_the_next_starts(assembler):
    first, second = stream(2, 1)
    unmarked = [
        MediaPacket(p.sequence, p.timestamp, False, p.payload, p.data, p.arrival_ns) for p in first
    ]
    assert feed(assembler, unmarked) == []
    assert numbers(assembler.add(second[0], 0.0)) == [0, 1]


def test_frames_that_waited_for_a_repair_have_arrived_with_it(assembler):
    """A stamper would take a step back for a clock that was set."""
    first, second, third, fourth, fifth = stream(1, 2, 1, 3, 1)
    came = [*first, second[0], *third, fourth[0], fourth[2], *fifth]
    assert numbers(feed(assembler, came)) == [0]
    for packet, number, expected in ((second[1], 600, [1, 2]), (fourth[1], 700, [3, 4])):
        frames = assembler.add(dataclasses.replace(packet, arrival_ns=number), 0.6)
        assert numbers(frames) == expected
        assert {frame.time_ns for frame in frames} == {number}
    # A clock that is set back later is followed.
    (sixth,) = stream(1, first=108, keyframes=())
    assert assembler.add(dataclasses.replace(sixth[0], timestamp=15000), 0.7)[0].time_ns == 108


def test_packets_may_come_in_any_order(assembler):
    first, second, third = stream(1, 3, 1)
    assert numbers(feed(assembler, first)) == [0]
    late, *others = [second[0], third[0], second[2], second[1]]
    assert feed(assembler, others) == []
    frames = assembler.add(late, 0.0)
    assert numbers(frames) == [1, 2]
    assert frames[0].data == b'1.0/3 1.1/3 1.2/3 '
    assert not assembler.in_need


def test_the_first_packets_may_come_in_any_order(assembler):
    (first,) = stream(3)
    frames = feed(assembler, [first[2], first[0], first[1]])
    assert [frame.data for frame in frames] == [b'0.0/3 0.1/3 0.2/3 ']


def test_duplicates_change_nothing(assembler):
    packets = [packet for frame in stream(2, 3, 1) for packet in frame for _ in range(2)]
    assert numbers(feed(assembler, packets)) == [0, 1, 2]
    assert feed(assembler, packets) == []
    assert not assembler.in_need


def test_sequence_numbers_may_wrap_around(assembler):
    packets = flat(stream(2, 2, 3, 1, first=65533))
    assert packets[-1].sequence < packets[0].sequence
    assert numbers(feed(assembler, packets)) == [0, 1, 2, 3]
    assert not assembler.in_need


def test_reordering_may_cross_the_wrap_around(assembler):
    first, second, third = stream(2, 2, 1, first=65532)
    feed(assembler, first)
    assert feed(assembler, [third[0], second[1]]) == []
    assert assembler.repair(0.0).nack == (65534,)
    assert numbers(feed(assembler, second[:1])) == [1, 2]


def test_a_long_stream_wraps_around_many_times(assembler):
    first = 0
    for number in range(2000):
        packets = frame_packets(number, 100, first, keyframe=number == 0)
        assert numbers(feed(assembler, packets)) == [number]
        first += 100


def test_nothing_comes_out_before_a_late_packet_and_then_everything_in_order(assembler):
    frames = stream(2, 3, 1, 2)
    lost = frames[1].pop(1)
    assert numbers(feed(assembler, flat(frames))) == [0]
    assert assembler.in_need
    assert numbers(assembler.add(lost, LATER / 2)) == [1, 2, 3]
    assert not assembler.in_need
    assert assembler.skipped == 0


def test_missing_packets_are_requested_repeatedly(assembler):
    first, second, third = stream(1, 4, 1, first=65533)
    feed(assembler, [*first, second[0], second[2], third[0]])
    lost = (second[1].sequence, second[3].sequence)
    assert lost == (65535, 1)
    for count in range(4):
        repair = assembler.repair(RETRY_AFTER * count)
        assert (repair.nack, repair.keyframe) == (lost, False)
    feed(assembler, [second[1]])
    assert assembler.repair(0.4).nack == (1,)


def test_a_packet_is_requested_once_in_a_round_trip():
    pace = RepairPace()
    assembler = FrameAssembler(Codec.VP8, pace)
    first, second, third = stream(1, 3, 4)
    lost, later = second.pop(1), third.pop(2)
    feed(assembler, [*first, *second])
    assert assembler.has_new_gap
    assert assembler.request(0.0).nack == (lost.sequence,)
    assert not assembler.has_new_gap
    pace.round_trip = 0.6
    assert assembler.repair(0.1).nack == ()
    feed(assembler, third, 0.2)
    assert assembler.request(0.2).nack == (later.sequence,)
    assert assembler.repair(0.6).nack == ()
    assert assembler.repair(pace.retry_after).nack == (lost.sequence,)
    assert assembler.repair(0.3 + pace.retry_after).nack == (later.sequence,)


def test_what_came_since_its_gap_was_seen_is_not_requested(assembler):
    first, second = stream(1, 3)
    feed(assembler, [*first, second[2]])
    feed(assembler, [second[0]])
    assert assembler.request(0.0).nack == (second[1].sequence,)


def test_no_more_packets_are_requested_than_a_sender_keeps(assembler):
    first, second = stream(1, 300)
    feed(assembler, [*first, second[-1]])
    asked = assembler.repair(0.0).nack
    assert asked == tuple(packet.sequence for packet in second[:MOST_REQUESTED])


def test_a_packet_missing_for_too_long_is_given_up_for_a_keyframe(assembler):
    frames = stream(1, 2, 2, 2, 2, keyframes=(0, 3))
    del frames[1][0]
    feed(assembler, flat(frames[:3]))
    assert not assembler.repair(SKIP_AFTER * 0.9).keyframe
    repair = assembler.repair(LATER)
    assert (repair.nack, repair.keyframe) == ((), True)
    assert assembler.in_need
    assert numbers(feed(assembler, flat(frames[3:]), LATER)) == [3, 4]
    assert not assembler.in_need
    assert assembler.skipped == 1


def test_until_the_keyframe_everything_is_dropped(assembler):
    frames = stream(1, 2, 1, 1, 1, 3, 1, keyframes=(0, 5))
    lost = frames[1].pop()
    feed(assembler, flat(frames[:3]))
    assembler.repair(LATER)
    assert feed(assembler, [lost, *frames[3], *frames[4], *frames[5][:2]], LATER) == []
    assert numbers(feed(assembler, [frames[5][2], *frames[6]], LATER)) == [5, 6]


def test_a_frame_that_came_out_does_not_come_again_while_waiting_for_a_keyframe(assembler):
    frames = stream(1, 2, 1, 1, keyframes=(0, 3))
    feed(assembler, [*frames[0], frames[1][0], *frames[2]])
    assembler.repair(LATER)
    assert feed(assembler, frames[0], LATER) == []
    assert numbers(feed(assembler, frames[3], LATER)) == [3]


def test_a_keyframe_that_does_not_come_is_asked_for_again(assembler):
    frames = stream(1, 2, 1, 1)
    del frames[1][0]
    feed(assembler, flat(frames))
    asked = [n for n in range(30) if assembler.repair(LATER + n * RETRY_AFTER).keyframe]
    assert asked[0] == 0
    steps = {later - earlier for earlier, later in pairwise(asked)}
    assert steps <= {round(SKIP_AFTER / RETRY_AFTER), round(SKIP_AFTER / RETRY_AFTER) + 1}


def test_a_complete_keyframe_after_a_gap_is_taken_at_once(assembler):
    frames = stream(1, 2, 2, 2, 1, keyframes=(0, 3))
    lost = frames[1].pop(0)
    assert numbers(feed(assembler, flat(frames[:3]))) == [0]
    assert feed(assembler, frames[3][:1]) == []
    assert numbers(feed(assembler, frames[3][1:])) == [3]
    assert assembler.skipped == 1
    assert not assembler.in_need
    assert feed(assembler, [lost]) == []
    assert numbers(feed(assembler, frames[4])) == [4]


def test_frames_after_that_keyframe_come_with_it(assembler):
    frames = stream(1, 1, 2, 1, 1, keyframes=(0, 2))
    feed(assembler, [*frames[0], frames[2][1], *frames[3], *frames[4]])
    assert numbers(feed(assembler, [frames[2][0]])) == [2, 3, 4]


def test_a_keyframe_with_a_hole_of_its_own_is_repaired_after_the_gap_was_given_up(assembler):
    frames = stream(1, 1, 4, 1, keyframes=(0, 2))
    hole = frames[2].pop(2)
    assert numbers(feed(assembler, [*frames[0], *frames[2], *frames[3]])) == [0]
    repair = assembler.repair(LATER)
    assert (repair.nack, repair.keyframe) == ((hole.sequence,), False)
    assert numbers(feed(assembler, [hole], LATER)) == [2, 3]


def test_a_keyframe_whose_hole_stays_is_given_up_too(assembler):
    frames = stream(1, 1, 4, 1, 1, 1, keyframes=(0, 2, 5))
    del frames[2][2]
    feed(assembler, [*frames[0], *frames[2], *frames[3]])
    assembler.repair(LATER)
    assert assembler.in_need
    feed(assembler, frames[4], LATER)
    assert assembler.repair(2 * LATER).keyframe
    assert numbers(feed(assembler, frames[5], 2 * LATER)) == [5]


def test_a_start_in_the_middle_asks_for_a_keyframe_after_a_moment(assembler):
    frames = stream(2, 1, 1, 1, keyframes=(3,))
    assert feed(assembler, flat(frames[:3])) == []
    assert assembler.in_need
    assert not assembler.repair(SKIP_AFTER * 0.9).keyframe
    assert assembler.repair(LATER).keyframe
    assert not assembler.repair(LATER * 1.5).keyframe
    assert assembler.repair(LATER * 2.1).keyframe
    assert numbers(feed(assembler, frames[3], LATER * 2.2)) == [3]
    assert not assembler.in_need


def test_without_a_keyframe_nothing_is_asked_for_by_number(assembler):
    frames = stream(1, 3, keyframes=())
    feed(assembler, [*frames[0], frames[1][2]])
    assert assembler.repair(LATER).nack == ()


def test_what_waits_behind_a_gap_is_bounded(assembler):
    first, lost, *others = stream(*[1] * (CAPACITY + 10))
    feed(assembler, first)
    assert feed(assembler, flat(others)) == []
    assert feed(assembler, lost) == []
    assert assembler.repair(0.0).keyframe
    assert len(assembler._packets) <= CAPACITY


def test_a_frame_of_many_packets_arrives(assembler):
    large = stream(CAPACITY - 1)[0]
    assert len(feed(assembler, large)) == 1


def test_a_keyframe_of_many_packets_behind_a_gap_is_complete_once_its_last_hole_is_filled(
    assembler,
):
    first, lost, large = stream(1, 2, 4000, keyframes=(0, 2))
    feed(assembler, first)
    feed(assembler, lost[1:])
    hole = large.pop(2000)
    assert feed(assembler, large) == []
    assert numbers(feed(assembler, [hole])) == [2]


def test_a_frame_that_is_too_large_is_logged_once(assembler, caplog):
    for frame in stream(CAPACITY + 1, CAPACITY + 1, keyframes=(0, 1)):
        assert feed(assembler, frame) == []
    assert caplog.text.count(f'frames of more than {CAPACITY} packets are dropped') == 1


def test_what_waits_for_a_keyframe_is_bounded(assembler):
    for frame in stream(*[1] * (5 * CAPACITY), keyframes=()):
        feed(assembler, frame)
        assert len(assembler._packets) <= CAPACITY


def test_padding_alone_is_not_a_frame(assembler):
    frames = stream(1, 1)
    assert numbers(feed(assembler, frames[0])) == [0]
    assert feed(assembler, [padding(101), padding(102)]) == []
    (frame,) = feed(assembler, frame_packets(1, 1, 103))
    assert frame.data == b'1.0/1 '
    assert not assembler.in_need


def test_padding_before_a_keyframe_does_not_hide_it(assembler):
    feed(assembler, [*stream(1)[0], padding(101)])
    (frame,) = feed(assembler, frame_packets(1, 1, 102, keyframe=True))
    assert frame.keyframe


def test_padding_with_the_next_timestamp_belongs_to_the_next_frame(assembler):
    feed(assembler, stream(1)[0])
    frames = feed(assembler, [padding(101, 3000), *frame_packets(1, 2, 102)])
    assert [frame.data for frame in frames] == [b'1.0/2 1.1/2 ']


@pytest.mark.parametrize(
    'fields',
    [
        {},
        {'picture_id': 5},
        {'picture_id': 0x7FFF},
        {'tl0picidx': 3},
        {'tid': (1, 1)},
        {'keyidx': 7},
        {'picture_id': 300, 'tl0picidx': 3, 'tid': (0, 0), 'keyidx': 1},
    ],
    ids=lambda fields: '+'.join(fields) or 'plain',
)
def test_a_vp8_keyframe_is_recognised_by_the_bit_after_its_descriptor(fields):
    descriptor = bytes(VpxPayloadDescriptor(partition_start=1, partition_id=0, **fields))
    assert starts_keyframe(Codec.VP8, descriptor + b'\x10\x02')
    assert not starts_keyframe(Codec.VP8, descriptor + b'\x11\x02')


def test_a_vp8_picture_id_of_seven_bits_is_one_byte():
    assert starts_keyframe(Codec.VP8, b'\x90\x80\x7f\x00')
    assert not starts_keyframe(Codec.VP8, b'\x90\x80\x7f\x01')


@pytest.mark.parametrize('fields', [{'partition_start': 0}, {'partition_id': 1}])
def test_a_vp8_packet_inside_a_frame_starts_no_keyframe(fields):
    descriptor = VpxPayloadDescriptor(**{'partition_start': 1, 'partition_id': 0} | fields)
    assert not starts_keyframe(Codec.VP8, bytes(descriptor) + b'\x00')


AUD, SPS, PPS, IDR, SLICE = b'\x09\xf0', b'\x67\x42\xe0\x1f', b'\x68\xce', b'\x65\x88', b'\x41\x9a'


def stap_a(*units):
    return b'\x78' + b''.join(len(unit).to_bytes(2, 'big') + unit for unit in units)


@pytest.mark.parametrize(
    ('payload', 'expected'),
    [
        (SPS, True),
        (stap_a(SPS, PPS), True),
        (stap_a(AUD, SPS, PPS, IDR), True),
        (stap_a(AUD, SLICE), False),
        (stap_a(PPS, IDR), False),
        (PPS, False),
        (IDR, False),
        (SLICE, False),
        (b'\x7c\x85\x88', False),  # FU-A, the first part of an IDR slice
        (b'', False),
        (b'\x78', False),
        (b'\x78\x00', False),
        (b'\x78\xff\xff\x67', True),
    ],
)
def test_an_h264_keyframe_starts_with_its_sequence_parameter_set(payload, expected):
    assert starts_keyframe(Codec.H264, payload) is expected


def h264_packets(first, timestamp, *payloads):
    return [
        MediaPacket(first + n, timestamp, n == len(payloads) - 1, payload, payload, 0)
        for n, payload in enumerate(payloads)
    ]


def test_an_idr_picture_without_parameter_sets_is_not_a_start():
    assembler = FrameAssembler(Codec.H264)
    assert feed(assembler, h264_packets(10, 0, IDR)) == []
    assert assembler.in_need
    (frame,) = feed(assembler, h264_packets(11, 3000, stap_a(SPS, PPS), IDR))
    assert frame.keyframe


def test_a_keyframe_of_two_slices_is_one_frame():
    assembler = FrameAssembler(Codec.H264)
    packets = h264_packets(10, 0, stap_a(SPS, PPS), IDR, IDR) + h264_packets(13, 3000, SLICE)
    frames = feed(assembler, [packets[3], packets[2], packets[0], packets[1]])
    assert [frame.keyframe for frame in frames] == [True, False]
    assert frames[0].data == stap_a(SPS, PPS) + IDR + IDR


def test_the_second_slice_of_a_keyframe_is_not_a_start():
    assembler = FrameAssembler(Codec.H264)
    packets = h264_packets(10, 0, stap_a(SPS, PPS), IDR, IDR)
    assert feed(assembler, packets[1:]) == []
    assert assembler.in_need


def test_an_access_unit_delimiter_of_its_own_belongs_to_the_keyframe():
    assembler = FrameAssembler(Codec.H264)
    first = h264_packets(10, 0, SPS, PPS, IDR)
    second = h264_packets(13, 3000, AUD, SPS, PPS, IDR)
    frames = feed(assembler, first + second)
    assert [frame.keyframe for frame in frames] == [True, True]
    assert frames[1].data == AUD + SPS + PPS + IDR


@pytest.mark.parametrize('seed', range(20))
@pytest.mark.parametrize('codec', list(Codec))
def test_whatever_arrives_nothing_is_raised(codec, seed):
    chance = random.Random(seed)
    assembler = FrameAssembler(codec)
    now = 0.0
    for _ in range(500):
        payload = chance.randbytes(chance.randrange(6))
        sequence = (65500 + chance.randrange(100)) & 0xFFFF
        if chance.random() < 0.05:
            sequence = chance.randrange(65536)
        timestamp = chance.choice((0, 3000, 6000, 2**32 - 1))
        assembler.add(
            MediaPacket(sequence, timestamp, chance.random() < 0.3, payload, payload, 0), now
        )
        now += chance.random() * 0.1
        if assembler.in_need:
            repair = assembler.repair(now)
            assert len(repair.nack) <= MOST_REQUESTED


@dataclass
class LossyLink:
    """A sender that answers requests, a network that loses and delays packets, an assembler."""

    seed: int
    assembler: FrameAssembler = field(default_factory=lambda: FrameAssembler(Codec.VP8))
    frames: list = field(default_factory=list)
    keyframes: set = field(default_factory=set)
    sent: int = 0
    begun: bool = False

    def __post_init__(self):
        self.chance = random.Random(self.seed)
        self.sequence = self.chance.randrange(65536)
        self.history = {}
        self.under_way = []
        self.keyframe_wanted = True

    def send_frame(self, now):
        if self.keyframe_wanted or self.chance.random() < 0.02:
            self.keyframes.add(self.sent)
            self.keyframe_wanted = False
        parts = self.chance.randint(1, 8)
        keyframe = self.sent in self.keyframes
        for packet in frame_packets(self.sent, parts, self.sequence, keyframe=keyframe):
            self.history[packet.sequence] = packet
            self.send(packet, now)
        self.sequence = (self.sequence + parts) & 0xFFFF
        self.sent += 1

    def send(self, packet, now):
        while self.chance.random() >= self.loss:
            self.under_way.append((now + self.chance.uniform(0.001, self.jitter), packet))
            if self.chance.random() > 0.05:
                return  # else a second copy

    def run(self, count, *, loss, jitter, start):
        self.loss, self.jitter = loss, jitter
        for tick in range(count):
            now = start + tick / 30
            self.send_frame(now)
            arrived = sorted(
                ((t, p) for t, p in self.under_way if t <= now), key=lambda entry: entry[0]
            )
            self.under_way = [(t, p) for t, p in self.under_way if t > now]
            for _, packet in arrived:
                self.frames += self.assembler.add(packet, now)
            self.begun |= bool(arrived)
            if tick % 3 == 0 and self.begun and self.assembler.in_need:
                self.repair(now)
        return start + count / 30

    def repair(self, now):
        repair = self.assembler.repair(now)
        if repair.keyframe and self.chance.random() >= self.loss:
            self.keyframe_wanted = True
        for sequence in repair.nack:
            self.send(self.history[sequence], now)


@pytest.mark.parametrize('seed', range(60))
def test_over_a_bad_network_frames_are_whole_in_order_and_decodable(seed):
    link = LossyLink(seed)
    loss = link.chance.choice((0.0, 0.01, 0.1, 0.3))
    jitter = link.chance.choice((0.002, 0.05, 0.3))
    now = link.run(150, loss=loss, jitter=jitter, start=0.0)
    link.run(60, loss=0.0, jitter=0.002, start=now)
    whole = [
        b''.join(f'{n}.{part}/{parts} '.encode() for part in range(parts))
        for n, parts in (
            (number, int(frame.data.split(b'/')[1].split()[0]))
            for number, frame in zip(numbers(link.frames), link.frames, strict=True)
        )
    ]
    assert [frame.data for frame in link.frames] == whole
    displayed = numbers(link.frames)
    assert displayed == sorted(set(displayed))
    for earlier, later in zip([-1, *displayed[:-1]], displayed, strict=True):
        assert later == earlier + 1 or later in link.keyframes
    assert {n for n, frame in zip(displayed, link.frames, strict=True) if frame.keyframe} == (
        link.keyframes & set(displayed)
    )
    # Once no more packets are lost, all frames arrive again.
    assert displayed[-20:] == list(range(displayed[-1] - 19, displayed[-1] + 1))
    assert displayed[-1] >= link.sent - 2
    if loss == 0.0 and jitter < 1 / 30:
        assert displayed == list(range(displayed[-1] + 1))


def rtp_packets(codec, count, first=65530):
    """Encode the test pattern; return (frames, packets) as aiortc would send them."""
    encoder, pattern = Encoder(Encoding(codec), 30.0), Pattern(640, 480)
    parameters = RTCRtpCodecParameters(f'video/{codec.value}', 90_000, payloadType=97)
    frames, packets = [], []
    for n in range(count):
        capture_ns = 10**18 + n * 33_333_333
        picture = CapturedFrame(pattern.draw(capture_ns), capture_ns)
        frame = encoder.encode(picture, 3000 * n, keyframe=n == count // 2)
        frames.append(frame)
        for index, payload in enumerate(frame.payloads):
            packets.append(
                MediaPacket(
                    (first + len(packets)) & 0xFFFF,
                    frame.timestamp,
                    index == len(frame.payloads) - 1,
                    payload,
                    depayload(parameters, payload),
                    capture_ns,
                )
            )
    return frames, packets


@pytest.mark.parametrize('codec', list(Codec))
def test_real_frames_come_out_as_they_were_encoded(codec):
    frames, packets = rtp_packets(codec, 20)
    assert max(len(frame.payloads) for frame in frames) > 2
    chance = random.Random(1)
    order = sorted(range(len(packets)), key=lambda n: n + chance.uniform(0, 5))
    got = feed(FrameAssembler(codec), [packets[n] for n in order])
    assert [f.timestamp for f in got] == [f.timestamp for f in frames]
    assert [f.keyframe for f in got] == [f.keyframe for f in frames]
    decoder = open_decoder(codec)
    for n, frame in enumerate(got):
        (picture,) = decoder.decode(av.Packet(frame.data))
        clock = read_clock(plane_pixels(picture.planes[0]))
        assert clock == (10**18 + n * 33_333_333) // 1000 * 1000


@pytest.mark.parametrize('codec', list(Codec))
def test_a_real_stream_goes_on_at_its_next_keyframe_after_a_loss(codec):
    frames, packets = rtp_packets(codec, 20)
    first_of_fourth = sum(len(frame.payloads) for frame in frames[:3])
    del packets[first_of_fourth]
    got = feed(FrameAssembler(codec), packets)
    expected = frames[:3] + frames[10:]
    assert [f.timestamp for f in got] == [f.timestamp for f in expected]
    assert got[3].keyframe
