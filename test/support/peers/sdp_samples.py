"""Offers of other peers' as they make them; addresses and keys are nobody's."""

_KEYS = """\
a=ice-ufrag:ZfmX1XQQ
a=ice-pwd:YwrursEpqZ77P0RoclFgGZgbMieJH6yB
a=fingerprint:sha-256 5B:30:8B:26:AD:28:25:4C:7B:54:B9:2B:8A:C8:F7:B0:27:DE:DA:EA:2E:92:8F:57:4A:\
B0:4A:EE:9A:ED:20:38
"""

GSTREAMER = f"""\
v=0
o=- 6179015327189395126 0 IN IP4 0.0.0.0
s=-
t=0 0
a=ice-options:trickle
a=group:BUNDLE video0 application1
m=video 9 UDP/TLS/RTP/SAVPF 96 97
c=IN IP4 0.0.0.0
a=setup:active
{_KEYS}a=rtcp-mux
a=rtcp-rsize
a=sendonly
a=rtpmap:96 H264/90000
a=rtcp-fb:96 nack
a=rtcp-fb:96 nack pli
a=rtcp-fb:96 ccm fir
a=rtcp-fb:96 goog-remb
a=fmtp:96 packetization-mode=1;profile-level-id=42e01f;level-asymmetry-allowed=1
a=rtpmap:97 rtx/90000
a=fmtp:97 apt=96
a=ssrc-group:FID 1922797077 2750077448
a=ssrc:1922797077 msid:user3086690613@host webrtctransceiver0
a=ssrc:1922797077 cname:user3086690613@host
a=ssrc:2750077448 cname:user3086690613@host
a=mid:video0
a=rtcp-mux-only
a=candidate:1 1 UDP 2015363327 192.0.2.2 45549 typ host
a=candidate:4 1 UDP 2015363583 fd00::2 60142 typ host
a=candidate:7 1 UDP 2015363839 fe80::fc:ff:fe00:1 47334 typ host
m=application 0 UDP/DTLS/SCTP webrtc-datachannel
c=IN IP4 0.0.0.0
a=setup:active
{_KEYS}a=bundle-only
a=mid:application1
a=sctp-port:5000
"""

CHROMIUM = f"""\
v=0
o=- 4611731400430051336 2 IN IP4 127.0.0.1
s=-
t=0 0
a=group:BUNDLE 0 1
a=extmap-allow-mixed
a=msid-semantic: WMS 5f0c7b1e
m=video 58210 UDP/TLS/RTP/SAVPF 96 97 103 104
c=IN IP4 198.51.100.7
a=rtcp:9 IN IP4 0.0.0.0
a=candidate:2110303349 1 udp 2113937151 8a3b0c4e-5d1f-4a0e-9d3e-1f2a3b4c5d6e.local 58210 typ host \
generation 0 network-cost 999
a=candidate:842163049 1 udp 1677729535 198.51.100.7 58210 typ srflx raddr 0.0.0.0 rport 0 \
generation 0 network-cost 999
a=candidate:1 1 tcp 1518280447 192.0.2.7 9 typ host tcptype active generation 0
{_KEYS}a=ice-options:trickle
a=setup:actpass
a=mid:0
a=extmap:1 urn:ietf:params:rtp-hdrext:toffset
a=extmap:2 http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time
a=extmap:3 urn:3gpp:video-orientation
a=extmap:4 http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01
a=extmap:5 http://www.webrtc.org/experiments/rtp-hdrext/playout-delay
a=extmap:9 urn:ietf:params:rtp-hdrext:sdes:mid
a=sendonly
a=msid:5f0c7b1e 2c3d4e5f
a=rtcp-mux
a=rtcp-rsize
a=rtpmap:96 VP8/90000
a=rtcp-fb:96 goog-remb
a=rtcp-fb:96 transport-cc
a=rtcp-fb:96 ccm fir
a=rtcp-fb:96 nack
a=rtcp-fb:96 nack pli
a=rtpmap:97 rtx/90000
a=fmtp:97 apt=96
a=rtpmap:103 H264/90000
a=rtcp-fb:103 goog-remb
a=rtcp-fb:103 transport-cc
a=rtcp-fb:103 ccm fir
a=rtcp-fb:103 nack
a=rtcp-fb:103 nack pli
a=fmtp:103 level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f
a=rtpmap:104 rtx/90000
a=fmtp:104 apt=103
a=ssrc-group:FID 3735928559 305419896
a=ssrc:3735928559 cname:Zm9vYmFy
a=ssrc:305419896 cname:Zm9vYmFy
m=application 9 UDP/DTLS/SCTP webrtc-datachannel
c=IN IP4 0.0.0.0
{_KEYS}a=setup:actpass
a=mid:1
a=sctp-port:5000
a=max-message-size:262144
"""
