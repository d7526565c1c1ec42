"""The video codecs of a session description, for whoever reads why they cannot be used."""

from webrtc_bridge.errors import printable

REPAIR = {'rtx', 'red', 'ulpfec', 'flexfec-03'}
'Formats that carry no video of their own.'

RECEIVED = 'VP8 and H264 (Baseline, Main, High)'
'The codecs that receivers take.'

MOST_SHOWN = 300
'Characters of a list of codecs.'


def unusable_offer(sdp: str) -> str:
    """Return why an offer has no video that can be received."""
    offered = printable(video_codecs(sdp) or 'nothing', MOST_SHOWN)
    return f'no video that can be received, which is {RECEIVED}: the peer offers {offered}'


def unusable_answer(sdp: str, offer: str) -> str:
    """Return why an answer takes nothing of the video of `offer`."""
    offered = ' and no '.join(dict.fromkeys(name for name, _ in video_formats(offer)))
    taken = video_codecs(sdp)
    instead = f', but {printable(taken, MOST_SHOWN)}' if taken else ''
    return f'the viewer takes no {offered}, which is all that was offered{instead}'


def video_codecs(sdp: str) -> str:
    """Return the video codecs of `sdp`, each once, with the profile and mode of H.264."""
    return ', '.join(dict.fromkeys(with_profile(*each) for each in video_formats(sdp)))


def video_formats(sdp: str) -> list[tuple[str, str]]:
    """Return the names and parameters of the video codecs of `sdp`, without those for repair."""
    names: dict[str, str] = {}
    parameters: dict[str, str] = {}
    kind = ''
    for line in sdp.splitlines():
        key, _, value = line.partition(':')
        payload_type, _, text = value.partition(' ')
        if line.startswith('m='):
            kind = line[2:].partition(' ')[0]
        elif kind == 'video' and key == 'a=rtpmap':
            names[payload_type] = text.partition('/')[0]
        elif kind == 'video' and key == 'a=fmtp':
            parameters[payload_type] = text
    return [
        (name, parameters.get(payload_type, ''))
        for payload_type, name in names.items()
        if name.lower() not in REPAIR
    ]


def with_profile(name: str, parameters: str) -> str:
    """Return the name of a codec, with what tells H.264 from H.264 (RFC 6184 section 8.1)."""
    if name.upper() != 'H264':
        return name
    pairs = (item.strip().partition('=') for item in parameters.split(';'))
    values = {key: value for key, _, value in pairs}
    profile = values.get('profile-level-id', 'none')
    mode = values.get('packetization-mode', '0')
    return f'{name} (profile-level-id {profile}, packetization-mode {mode})'
