"""Tokens and the certificate of a fleet, whatever year its clocks show."""

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from webrtc_bridge.program.files import write_whole
from webrtc_bridge.signaling.broker.rights import Rights
from webrtc_bridge.signaling.server.self_signed import LOCAL, self_signed
from webrtc_bridge.signaling.server.signed_tokens import SignedTokens

YEARS = timedelta(days=365 * 70)


@dataclass
class Trust:
    """Files of a server's certificate and its secret, and of the tokens made from that."""

    folder: Path
    secret: str = 'a secret of several words'

    def __post_init__(self) -> None:
        made = self_signed(LOCAL, YEARS)
        key = made.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        write_whole(self.ca, made.pem.encode(), mode=0o600, replace=False)
        write_whole(self.folder / 'server.key', key, mode=0o600, replace=False)
        write_whole(self.folder / 'secret', self.secret.encode(), mode=0o600, replace=False)

    @property
    def ca(self) -> Path:
        return self.folder / 'server.pem'

    @property
    def of_server(self) -> tuple[str, ...]:
        """Return the flags of the server."""
        pair = ('--certificate', str(self.ca), '--key', f'{self.folder}/server.key')
        return ('--secret-file', f'{self.folder}/secret', *pair)

    def token(self, name: str, **rights: Any) -> str:
        """Return the file of a token with these rights only."""
        file = self.folder / name
        text, _ = SignedTokens(self.secret).make(Rights(**rights), name)
        write_whole(file, text.encode(), mode=0o600, replace=False)
        return str(file)

    def visitor(self, token_file: str) -> dict[str, str]:
        """Return the environment of a program of the tests."""
        token = Path(token_file).read_text()
        return {'WEBRTC_BRIDGE_TOKEN': token, 'SERVER_CA': str(self.ca)}
