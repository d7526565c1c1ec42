"""The video codecs of a session description, for whoever reads why they cannot be used."""

REPAIR = {'rtx', 'red', 'ulpfec', 'flexfec-03'}
'Formats that carry no video of their own.'

RECEIVED = 'H264 and VP8'
'The codecs that receivers take.'


def offered_video(sdp: str) -> str:
    """Return the video codecs of `sdp`, each once, with the profile and mode of H.264."""
    parameters: dict[str, str] = {}
    names: dict[str, str] = {}
    kind = ''
    for line in sdp.splitlines():
        if line.startswith('m='):
            kind = line[2:].partition(' ')[0]
        elif kind == 'video' and line.startswith('a=rtpmap:'):
            payload_type, _, name = line[9:].partition(' ')
            names[payload_type] = name.partition('/')[0]
        elif kind == 'video' and line.startswith('a=fmtp:'):
            payload_type, _, text = line[7:].partition(' ')
            parameters[payload_type] = text
    shown = (
        with_profile(name, parameters.get(payload_type, ''))
        for payload_type, name in names.items()
        if name.lower() not in REPAIR
    )
    return ', '.join(dict.fromkeys(shown))


def with_profile(name: str, parameters: str) -> str:
    """Return the name of a codec, with what tells H.264 from H.264 (RFC 6184 section 8.1)."""
    if name.upper() != 'H264':
        return name
    pairs = (item.strip().partition('=') for item in parameters.split(';'))
    values = {key: value for key, _, value in pairs}
    profile = values.get('profile-level-id', 'none')
    mode = values.get('packetization-mode', '0')
    return f'{name} (profile-level-id {profile}, packetization-mode {mode})'
