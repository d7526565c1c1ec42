"""
Decode RTP packets that come to a UDP port, until stdin ends: CODEC.

It prints its port, then what it has seen with each keyframe and twelfth picture, as JSON.
"""

import json
import socket
import sys
import threading

import av
from aiortc import RTCRtpCodecParameters
from aiortc.codecs import depayload
from aiortc.rtp import RtpPacket
from pictures import colours

MOST = 2048


def main(codec: str) -> None:
    parameters = RTCRtpCodecParameters(f'video/{codec}', 90_000)
    decoder = av.CodecContext.create(codec.lower(), 'r')
    packets = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    packets.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 22)
    packets.bind(('127.0.0.1', 0))
    print(json.dumps({'port': packets.getsockname()[1]}), flush=True)
    frames, data = 0, b''
    while True:
        packet = RtpPacket.parse(packets.recv(MOST))
        if not packet.payload:
            continue
        data += depayload(parameters, packet.payload)
        if not packet.marker:
            continue
        frame, data = data, b''
        for picture in decoded(decoder, frame):
            frames += 1
            if frames % 12 == 1:
                print(json.dumps({'frames': frames, **colours(picture)}), flush=True)


def decoded(decoder: av.CodecContext, frame: bytes) -> list[av.VideoFrame]:
    try:
        return decoder.decode(av.Packet(frame))
    except av.FFmpegError:  # before the first keyframe
        return []


if __name__ == '__main__':
    threading.Thread(target=main, args=sys.argv[1:], daemon=True).start()
    sys.stdin.read()
