"""
Everything that this package raises on purpose.

WebrtcBridgeError
├── OptionError           a flag, parameter or file entry has a value that cannot be used
├── RequirementError      a library is missing, or is another version than the one needed
├── ServeError            the signaling server cannot listen where it was told to
├── UnprotectedError      the signaling server would serve everybody in the network
├── SourceError           a camera, stream or file delivers no pictures
│   ├── SourceNotFound        it does not exist, or nobody answers there
│   ├── SourceForbidden       it exists, but this user or these credentials may not read it
│   └── SourceUnreadable      it opens, but is no video, or its video cannot be decoded
├── MessageError          a signaling message breaks the protocol
├── SessionError          one WebRTC session cannot be set up
├── NoImagesError         a topic that was to carry images carried none
└── ProgramEndedError     a program that was to run on has ended

Each carries its data as attributes and says everything in one line, fit for a terminal or a log.
"""


class WebrtcBridgeError(Exception):
    """Root of the tree above; ``exit_status`` is what a program ends with when it gives up."""

    exit_status = 3


class OptionError(WebrtcBridgeError):
    """Option ``name`` has ``value`` where something else was ``expected``."""

    exit_status = 2

    def __init__(self, name: str, value: object, expected: str) -> None:
        super().__init__(name, value, expected)
        self.name = name
        self.value = value
        self.expected = expected

    def __str__(self) -> str:
        return f'{self.name}: {printable(self.value)} given, expected {self.expected}'


class RequirementError(WebrtcBridgeError):
    """``name`` was ``found`` in this version (or not at all), ``needed`` is what would do."""

    def __init__(self, name: str, found: str | None, needed: str, install: str) -> None:
        super().__init__(name, found, needed, install)
        self.name = name
        self.found = found
        self.needed = needed
        self.install = install

    def __str__(self) -> str:
        found = f'{self.name} {self.found} found' if self.found else f'{self.name} not found'
        return f'{found}, {self.needed} needed: {self.install}'


class ServeError(WebrtcBridgeError):
    """The server cannot listen on ``host``:``port``; ``reason`` says why."""

    def __init__(self, host: str, port: int, reason: str) -> None:
        super().__init__(host, port, reason)
        self.host = host
        self.port = port
        self.reason = reason

    def __str__(self) -> str:
        return f'cannot listen on {self.host}:{self.port}: {self.reason}'


class UnprotectedError(WebrtcBridgeError):
    """Others reach the server at ``host``, and it has no secret to tell them apart by."""

    exit_status = 1

    def __init__(self, host: str) -> None:
        super().__init__(host)
        self.host = host

    def __str__(self) -> str:
        return (
            f'other machines reach {self.host}, and there is no secret: make one by webrtc_bridge '
            'token --new-secret FILE, and start with --secret-file FILE (secret_file); or serve '
            'everybody with --allow-anonymous (allow_anonymous)'
        )


class SourceError(WebrtcBridgeError):
    """``source`` (without credentials) delivers no pictures; ``reason`` says why."""

    def __init__(self, source: str, reason: str) -> None:
        super().__init__(source, reason)
        self.source = source
        self.reason = reason

    def __str__(self) -> str:
        return f'source {self.source}: {self.reason}'


class SourceNotFound(SourceError):
    """The source does not exist, or nobody answers at its address."""


class SourceForbidden(SourceError):
    """The source exists, but may not be read."""


class SourceUnreadable(SourceError):
    """The source opens, but delivers nothing that can be decoded as video."""


class MessageError(WebrtcBridgeError):
    """A message breaks the protocol: ``code`` of docs/protocol.md, ``ref`` is its type."""

    def __init__(self, code: str, message: str, ref: str | None = None) -> None:
        super().__init__(code, message, ref)
        self.code = code
        self.message = message
        self.ref = ref

    def __str__(self) -> str:
        return f'{self.code}: {self.message}'


class SessionError(WebrtcBridgeError):
    """The session with ``peer_id`` cannot be set up; ``reason`` says why."""

    def __init__(self, peer_id: str, reason: str) -> None:
        super().__init__(peer_id, reason)
        self.peer_id = peer_id
        self.reason = reason

    def __str__(self) -> str:
        return f'session with {self.peer_id}: {self.reason}'


class NoImagesError(WebrtcBridgeError):
    """In `seconds` no image came, because of `reason`."""

    exit_status = 1

    def __init__(self, seconds: float, reason: str) -> None:
        super().__init__(seconds, reason)
        self.seconds = seconds
        self.reason = reason

    def __str__(self) -> str:
        return f'no image in {self.seconds:g} s: {self.reason}'


class ProgramEndedError(WebrtcBridgeError):
    """`program` ended with exit status `status` while others still needed it."""

    exit_status = 1

    def __init__(self, program: str, status: int) -> None:
        super().__init__(program, status)
        self.program = program
        self.status = status

    def __str__(self) -> str:
        return f'{self.program} ended with exit status {self.status}'


def printable(value: object, limit: int = 64) -> str:
    """Return ``repr(value)``, so without control characters, cut at ``limit`` characters."""
    text = repr(value)
    return text if len(text) <= limit else f'{text[: limit - 1]}…'
