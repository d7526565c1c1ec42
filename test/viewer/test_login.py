"""Pages at a server that asks for tokens, in a real Chromium."""

from support.browser.chromium import Browser, Page
from support.browser.pictures import until_it_moves
from support.programs import Program, Start, start_server

from webrtc_bridge.signaling.broker.rights import Rights
from webrtc_bridge.signaling.client.server_access import TOKEN
from webrtc_bridge.signaling.server.authentication import SECRET
from webrtc_bridge.signaling.server.signed_tokens import SignedTokens

WORDS = 'a secret of several words'
ASKS = "!document.getElementById('login').hidden"
CONNECTED = "document.body.dataset.server === 'connected'"


def token(rights: Rights) -> str:
    return SignedTokens(WORDS).make(rights)[0]


async def log_in(page: Page, token: str) -> None:
    await page.until(ASKS)
    await page.value(f'document.getElementById("token").value = {token!r}')
    await page.click('#login button')


async def start_all(start_module: Start, *cameras: str) -> tuple[Program, str]:
    """Start a server with a secret, and cameras; return it, and its address for pages."""
    server = await start_server(start_module, **{SECRET: WORDS})
    for name in cameras:
        camera = await start_module(
            *('commands.webcam', '--server', server.url, '--id', name, '--source', 'test'),
            *('--width', '320', '--height', '240'),
            **{TOKEN: WORDS},
        )
        await camera.line('registered at')
    return server, f'http://127.0.0.1:{server.port}/'


async def test_a_page_asks_for_a_token_and_shows_what_it_is_for(
    start_module: Start, browser: Browser
) -> None:
    server, address = await start_all(start_module, 'front', 'rear')
    page = await browser.page(address)
    await page.until(ASKS)
    assert 'This server requires a token.' in await page.text('#login')
    assert 'webrtc_bridge token' in await page.text('#login')
    assert 'plain http' not in await page.text('#login')  # this machine's own address
    assert await page.value("document.getElementById('token').type") == 'password'
    await log_in(page, 'nonsense')
    await page.until("document.getElementById('login-message').innerText.includes('is wrong')")
    expired = token(Rights(expires=1.0))
    await log_in(page, expired)
    await page.until("document.getElementById('login-message').innerText.includes('has expired')")
    mine = token(Rights(publish=False, senders=('front',)))
    await log_in(page, mine)
    await page.until(CONNECTED)
    assert not await page.value(ASKS)
    await page.click('#cameras [data-sender="front"]')
    await until_it_moves(page, 'front')
    assert 'rear' not in await page.text('nav')
    # This tab keeps it; the address, which is passed on, does not.
    await page.open(await page.value('location.href'))
    await page.until(CONNECTED)
    assert await page.value('location.href') == f'{address}?sender=front'
    assert page.complaints == []

    # A link may bring the token along, where no server gets to see it.
    other = await browser.page(f'{address}?sender=front#token={mine}')
    await until_it_moves(other, 'front', 1)
    assert await other.value('location.href') == f'{address}?sender=front'
    for secret in (mine, expired, 'nonsense', WORDS):
        assert secret not in server.output

    # One that is not escaped is taken as it is; in a network it could be read along.
    broken = await browser.page(f'http://robot.test:{server.port}/#token=%')
    await broken.until(ASKS)
    assert 'That token is wrong.' in await broken.text('#login')
    assert 'plain http' in await broken.text('#login')
    assert broken.complaints == []


async def test_the_publish_page_says_that_a_token_is_not_for_that(
    start_module: Start, browser: Browser
) -> None:
    server, address = await start_all(start_module)
    await browser.allow_camera(address)
    page = await browser.page(f'{address}publish#token={token(Rights(publish=False))}')
    await page.until("document.querySelectorAll('#camera option').length")
    await page.value("document.getElementById('id').value = 'phone'")
    await page.click('#start')
    await page.until(ASKS)
    assert 'does not grant the right' in await page.text('#login')
    await log_in(page, token(Rights(view=False, senders=('phone',))))
    await page.until(CONNECTED)
    assert await page.text('#server') == 'On air'
    await server.line('sender phone registered')
