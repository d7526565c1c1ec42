from support.peers.sdp_samples import CHROMIUM, GSTREAMER

from webrtc_bridge.peer.video_codecs import offered_video

H264 = 'H264 (profile-level-id 42e01f, packetization-mode 1)'


def test_codecs_have_their_names_and_h264_its_profile_and_mode() -> None:
    assert offered_video(CHROMIUM) == f'VP8, {H264}'
    assert offered_video(GSTREAMER) == H264


def test_what_is_not_declared_has_its_default() -> None:
    sdp = 'm=audio 9 x 8\r\na=rtpmap:8 PCMA/8000\r\nm=video 9 x 96\r\na=rtpmap:96 H264/90000\r\n'
    assert offered_video(sdp) == 'H264 (profile-level-id none, packetization-mode 0)'


def test_a_description_without_video_has_no_codecs() -> None:
    assert offered_video('m=audio 9 x 8\r\na=rtpmap:8 PCMA/8000\r\nnonsense\r\n') == ''
