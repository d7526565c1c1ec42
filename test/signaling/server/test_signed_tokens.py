"""Valid and invalid tokens."""

import base64
import json
import math
import time
from typing import Any

import jwt
import pytest
from support.cpu_time import measured

from webrtc_bridge.signaling.broker.rights import Rights
from webrtc_bridge.signaling.secret_file import MAX_SECRET
from webrtc_bridge.signaling.server.signed_tokens import SignedTokens, TokenError, patterns

SECRET = 'a secret of several words'


@pytest.fixture(scope='module')
def tokens() -> SignedTokens:
    return SignedTokens(SECRET)


def signed(tokens: SignedTokens, **claims: Any) -> str:
    """Return a token that the holder of the secret signed, with claims of any kind."""
    usable: dict[str, Any] = {'jti': 'mine', 'rights': ['view'], 'senders': ['*']}
    return jwt.encode(usable | claims, tokens._key, 'HS256')


def test_the_secret_itself_gives_all_rights(tokens: SignedTokens) -> None:
    rights = tokens.check(SECRET)
    assert (rights.publish, rights.view, rights.senders) == (True, True, ('*',))
    assert rights.expires == math.inf
    assert rights.key == 'shared secret'


def test_a_token_gives_the_rights_that_it_was_made_with(tokens: SignedTokens) -> None:
    expires = math.floor(time.time()) + 60
    token, key = tokens.make(Rights(True, False, ('front*', 'top'), expires), 'rover')
    rights = SignedTokens(SECRET).check(token)
    assert (rights.publish, rights.view, rights.senders) == (True, False, ('front*', 'top'))
    assert rights.expires == expires
    assert rights.key == key
    assert key.startswith('rover-')
    assert token not in repr(rights)


def test_the_same_token_is_known_again_and_no_other(tokens: SignedTokens) -> None:
    token, other = (tokens.make(Rights(), 'rover')[0] for _ in range(2))
    proofs = [tokens.check(one).proof for one in (token, token, other, SECRET)]
    assert proofs[0] == proofs[1]
    assert len(set(proofs)) == 3
    assert all(proofs)


def test_times_are_held_and_named_with_the_key(tokens: SignedTokens) -> None:
    now = time.time()
    for claims, reason in (({'exp': now - 1}, 'expired'), ({'nbf': now + 60}, 'not valid yet')):
        with pytest.raises(TokenError) as caught:
            tokens.check(signed(tokens, **claims))
        assert (caught.value.reason, caught.value.key) == (reason, 'mine')
    assert tokens.check(signed(tokens, exp=now + 60, nbf=now - 60)).view


def unsigned(header: object, payload: object = None) -> str:
    parts = [json.dumps(part).encode() for part in (header, payload)]
    encoded = [base64.urlsafe_b64encode(part).rstrip(b'=').decode() for part in parts]
    return '.'.join([*encoded, ''])


DEEP: Any = []
for _ in range(900):
    DEEP = [DEEP]
CLAIMS = {'jti': 'x', 'rights': ['view'], 'senders': ['*']}


@pytest.mark.parametrize(
    'token',
    [
        '',
        '.',
        '..',
        '...',
        'a.b.c',
        'ü.ü.ü',
        '\ud800',
        'x' * 4096,
        SECRET + ' ',
        SECRET[:-1],
        unsigned({'alg': 'none'}, CLAIMS),
        unsigned({'alg': 'HS256'}, CLAIMS),
        unsigned({'alg': []}, CLAIMS),
        unsigned({'alg': {}}, CLAIMS),
        unsigned({'alg': 'HS256', 'b64': False, 'crit': ['b64']}, CLAIMS),
        unsigned([], CLAIMS),
        unsigned(None),
        unsigned(DEEP),
        jwt.encode(CLAIMS, SECRET + 'of another server', 'HS256'),
        jwt.encode(CLAIMS, SECRET + ' ' * 16, 'HS512'),
    ],
)
def test_what_is_none_of_ours_is_wrong(tokens: SignedTokens, token: str) -> None:
    with pytest.raises(TokenError) as caught:
        tokens.check(token)
    assert (caught.value.reason, caught.value.key) == ('wrong', '')


def test_another_secret_signs_nothing_here(tokens: SignedTokens) -> None:
    token, _ = SignedTokens('a secret of another server').make(Rights())
    with pytest.raises(TokenError, match='wrong'):
        tokens.check(token)


@pytest.mark.parametrize(
    'claims',
    [
        {'rights': 'view'},
        {'rights': ['view', 'admin']},
        {'rights': [[]]},
        {'rights': None},
        {'senders': None},
        {'senders': ['a b']},
        {'senders': ['*'] * 65},
        {'senders': [7]},
        {'exp': 'soon'},
        {'exp': float('inf')},
        {'exp': 10**2500},
        {'nbf': 10**2500},
        {'exp': []},
        {'nbf': {}},
        {'aud': 'another'},
    ],
)
def test_signed_nonsense_gives_no_rights(tokens: SignedTokens, claims: dict[str, Any]) -> None:
    with pytest.raises(TokenError):
        tokens.check(signed(tokens, **claims))


@pytest.mark.parametrize('key', [None, '', 'a\nb', 'x' * 65])
def test_a_key_that_is_unfit_for_a_log_is_not_shown(tokens: SignedTokens, key: str | None) -> None:
    claims = {'jti': key} if key is not None else {}
    token = signed(tokens, **claims, exp=1)
    if key is None:
        token = jwt.encode({'exp': 1, 'rights': [], 'senders': []}, tokens._key, 'HS256')
    with pytest.raises(TokenError) as caught:
        tokens.check(token)
    assert caught.value.key in ('unnamed', '')


@pytest.mark.parametrize(
    ('text', 'found'),
    [
        ('*', ('*',)),
        ('front*, rear', ('front*', 'rear')),
        ('cam[0-9]?', ('cam[0-9]?',)),
        ('', ()),
        ('a,,b', ()),
        ('a b', ()),
        ('ü', ()),
        (','.join(['a'] * 65), ()),
    ],
)
def test_patterns_are_read_from_a_command_line(text: str, found: tuple[str, ...]) -> None:
    assert patterns(text) == found


@pytest.mark.parametrize(
    'token',
    [
        'x' * MAX_SECRET,
        '.' * MAX_SECRET,
        'é' * MAX_SECRET,
        unsigned({'alg': 'HS256', 'x': [1] * 700}, CLAIMS),
        unsigned(DEEP),
        jwt.encode(CLAIMS | {'x': 'y' * 2900}, 'another key' * 9, 'HS256'),
    ],
)
def test_wrong_tokens_cost_little(tokens: SignedTokens, token: str) -> None:
    with measured() as spent:
        for _ in range(195):  # in one second, as somebody tried
            with pytest.raises(TokenError, match='wrong'):
                tokens.check(token[:MAX_SECRET])
    # Eighteen times what the longest costs here.
    assert spent.seconds < 0.1
