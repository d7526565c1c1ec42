from support.peers.sdp_samples import CHROMIUM, GSTREAMER

from webrtc_bridge.peer.video_codecs import unusable_answer, video_codecs

H264 = 'H264 (profile-level-id 42e01f, packetization-mode 1)'


def test_codecs_have_their_names_and_h264_its_profile_and_mode() -> None:
    assert video_codecs(CHROMIUM) == f'VP8, {H264}'
    assert video_codecs(GSTREAMER) == H264


def test_what_is_not_declared_has_its_default() -> None:
    sdp = 'm=audio 9 x 8\r\na=rtpmap:8 PCMA/8000\r\nm=video 9 x 96\r\na=rtpmap:96 H264/90000\r\n'
    assert video_codecs(sdp) == 'H264 (profile-level-id none, packetization-mode 0)'


def test_a_description_without_video_has_no_codecs() -> None:
    assert video_codecs('m=audio 9 x 8\r\na=rtpmap:8 PCMA/8000\r\nnonsense\r\n') == ''


def test_an_answer_that_takes_nothing_is_named_with_what_was_offered() -> None:
    rejected = 'm=video 0 UDP/TLS/RTP/SAVPF 0\r\n'
    assert unusable_answer(rejected, GSTREAMER) == (
        'the viewer takes no H264, which is all that was offered'
    )
    assert unusable_answer(rejected, CHROMIUM).startswith('the viewer takes no VP8 and no H264,')
    assert unusable_answer(CHROMIUM, GSTREAMER).endswith(f", but 'VP8, {H264}'")
