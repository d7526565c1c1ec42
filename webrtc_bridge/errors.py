"""
Every exception that this package raises on purpose.

WebrtcBridgeError
├── OptionError               a flag, parameter or file entry has a value that cannot be used
│   ├── UnusableValueError        the value is described instead of quoted: a file, a secret
│   └── UnknownParameterError     a node was given a parameter that it does not have
├── RequirementError          a library is missing, or has another version than the one needed
├── RosStartError             ROS does not start with the arguments it was given
├── UnknownArgumentError      a launch file was given an argument that it does not have
├── ServeError                the signaling server cannot listen on its address
├── UnprotectedError          the signaling server would serve anyone in the network
├── TokenError                a token gives no rights at the signaling server
│   └── NoTokenError              there is none
├── SourceError               a camera, stream or file delivers no pictures
│   ├── SourceNotFound            it does not exist, or nobody answers there
│   ├── SourceForbidden           it exists, but this user or these credentials may not read it
│   └── SourceUnreadable          it opens, but is not a video, or its video cannot be decoded
├── ImageError                a ROS image cannot be read as a picture
├── MessageError              a signaling message breaks the protocol
├── SessionError              one WebRTC session cannot be set up
├── NoAnswer                  no STUN or TURN server gave an address
├── NoEcho                    a TURN server accepts the login, but does not relay
├── CalibrationNotSavedError  a calibration cannot be written to its file
├── CheckFailed               a check of the doctor found something wrong
├── FindingsError             the doctor is done, and checks failed
├── NoImagesError             no image arrived on a topic
└── ProgramEndedError         a program ended while others still needed it

Each carries its data as attributes; its text is one line, fit for a terminal or a log. Those that
only one module raises are defined there; a test compares this tree with all of them.
"""

import errno
import os
import socket
import ssl
from collections.abc import Collection

from webrtc_bridge.program.addresses import host_and_port
from webrtc_bridge.program.own_command import own_command

HINTS = {
    errno.ENETUNREACH: 'no network interface leads there',
    errno.EADDRNOTAVAIL: 'this machine does not have that address',
}
'Explanations of errors whose own words leave a user wondering.'


class WebrtcBridgeError(Exception):
    """Root of the tree above; a program that gives up because of it ends with ``exit_status``."""

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


class UnusableValueError(OptionError):
    """
    Option ``name`` has what ``value`` describes, where something else was ``expected``.

    For files and secrets, whose contents are not shown.
    """

    def __str__(self) -> str:
        return f'{self.name}: {self.value}, expected {self.expected}'


class RequirementError(WebrtcBridgeError):
    """
    Library ``name`` has version ``found`` (None: is missing), but ``needed`` is required.

    Any version will do if ``needed`` is empty.
    """

    def __init__(self, name: str, found: str | None, needed: str, install: str) -> None:
        super().__init__(name, found, needed, install)
        self.name = name
        self.found = found
        self.needed = needed
        self.install = install

    def __str__(self) -> str:
        found = f'{self.name} {self.found} found' if self.found else f'{self.name} not found'
        needed = f', {self.needed} needed' if self.needed else ''
        return f'{found}{needed}: {self.install}'


class ServeError(WebrtcBridgeError):
    """The server cannot listen on ``host``:``port``, because of ``reason``."""

    def __init__(self, host: str, port: int, reason: str) -> None:
        super().__init__(host, port, reason)
        self.host = host
        self.port = port
        self.reason = reason

    def __str__(self) -> str:
        return f'cannot listen on {host_and_port(self.host, self.port)}: {self.reason}'


class UnknownArgumentError(WebrtcBridgeError):
    """A launch file was given argument ``name``, which is none of its ``names``."""

    exit_status = 2

    def __init__(self, name: str, names: Collection[str]) -> None:
        super().__init__(name, names)
        self.name = name
        self.names = names

    def __str__(self) -> str:
        return f'argument {self.name}: unknown, expected one of {", ".join(self.names)}'


class UnprotectedError(WebrtcBridgeError):
    """Other machines reach the server at ``host``, and it has no secret to recognise them by."""

    exit_status = 1

    def __init__(self, host: str) -> None:
        super().__init__(host)
        self.host = host

    def __str__(self) -> str:
        return (
            f'refusing to listen on {self.host} without a secret: create one with '
            f'{own_command("token --new-secret FILE")}, and start with --secret-file FILE '
            '(secret_file); or serve anyone with --allow-anonymous (allow_anonymous)'
        )


class SourceError(WebrtcBridgeError):
    """``source`` (without credentials) delivers no pictures, because of ``reason``."""

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
    """
    A message of type ``ref`` breaks the protocol; ``code`` is that of docs/protocol.md.

    ``sender_id`` is the sender that was asked for a session too often.
    """

    def __init__(
        self, code: str, message: str, ref: str | None = None, sender_id: str = ''
    ) -> None:
        super().__init__(code, message, ref, sender_id)
        self.code = code
        self.message = message
        self.ref = ref
        self.sender_id = sender_id

    def __str__(self) -> str:
        return f'{self.code}: {self.message}'


class SessionError(WebrtcBridgeError):
    """The session with ``peer_id`` cannot be set up, because of ``reason``."""

    def __init__(self, peer_id: str, reason: str) -> None:
        super().__init__(peer_id, reason)
        self.peer_id = peer_id
        self.reason = reason

    def __str__(self) -> str:
        return f'session with {self.peer_id}: {self.reason}'


class NoImagesError(WebrtcBridgeError):
    """No image arrived within ``seconds``, because of ``reason``."""

    exit_status = 1

    def __init__(self, seconds: float, reason: str) -> None:
        super().__init__(seconds, reason)
        self.seconds = seconds
        self.reason = reason

    def __str__(self) -> str:
        return f'no image in {self.seconds:g} s: {self.reason}'


class ProgramEndedError(WebrtcBridgeError):
    """``program`` ended with exit status ``status`` while others still needed it."""

    exit_status = 1

    def __init__(self, program: str, status: int) -> None:
        super().__init__(program, status)
        self.program = program
        self.status = status

    def __str__(self) -> str:
        return f'{self.program} ended with exit status {self.status}'


def describe(error: BaseException) -> str:
    """
    Return one line that says what went wrong in the system, a library or this package.

    Of operating system errors these are the system's words: without the file, address or URL that
    Python, asyncio or FFmpeg add, which a caller knows better and which may hold a password.
    """
    if isinstance(error, WebrtcBridgeError):
        return str(getattr(error, 'reason', error))
    if isinstance(error, TimeoutError):
        return 'no answer in time'
    if isinstance(error, socket.gaierror):
        return 'no such host'
    if isinstance(error, ssl.SSLError):
        return (
            str(getattr(error, 'reason', None) or type(error).__name__).lower().replace('_', ' ')
        )
    if isinstance(error, OSError) and error.errno:
        words = os.strerror(error.errno).lower()
        return f'{words}: {HINTS[error.errno]}' if error.errno in HINTS else words
    return printable(str(error) or type(error).__name__, 200).strip('\'"')


def printable(value: object, limit: int = 64) -> str:
    """Return ``repr(value)``, so without control characters, cut to ``limit`` characters."""
    text = repr(value)
    return text if len(text) <= limit else f'{text[: limit - 1]}…'
