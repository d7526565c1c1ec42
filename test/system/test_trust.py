"""Programs and nodes at a server with a secret and a certificate, as on two machines."""

from pathlib import Path

import pytest
from support.peers.senders import skip_unless_installed
from support.programs import Program, Start, start_server

from webrtc_bridge.commands import certificate as certificate_command
from webrtc_bridge.commands import token as token_command
from webrtc_bridge.options import ReceiverOptions, SenderNodeOptions, SignalingOptions
from webrtc_bridge.program.option_row import rows

SMALL = ('--source', 'test', '--width', '320', '--height', '240')


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder with the files that the three machines need, made as users make them."""

    def run(main: object, *arguments: str) -> None:
        assert callable(main)
        assert main(list(arguments)) == 0

    secret = str(tmp_path / 'secret')
    certificate, key = str(tmp_path / 'server.pem'), str(tmp_path / 'server.key')
    run(token_command.main, '--new-secret', secret)
    run(certificate_command.main, '--certificate', certificate, '--key', key)
    for name, rights in (('camera', 'publish'), ('robot', 'view')):
        out = str(tmp_path / name)
        words = ('--rights', rights, '--name', name, '--senders', 'front*', '--out', out)
        run(token_command.main, '--secret-file', secret, *words)
    return tmp_path


async def secured_server(start_module: Start, folder: Path) -> Program:
    secret, pair = str(folder / 'secret'), (str(folder / 'server.pem'), str(folder / 'server.key'))
    flags = ('--secret-file', secret, '--certificate', pair[0], '--key', pair[1])
    return await start_server(start_module, 0, *flags, scheme='wss')


async def test_video_comes_through_where_tokens_and_certificate_fit(
    start_module: Start, folder: Path
) -> None:
    pytest.importorskip('rclpy', reason='needs rclpy')
    server = await secured_server(start_module, folder)
    access = ('--server', server.url, '--ca', str(folder / 'server.pem'), '--token-file')
    camera = await start_module(
        'commands.webcam', *access, f'{folder}/camera', '--id', 'front', *SMALL
    )
    values = {
        'server_url': server.url,
        'ca_file': folder / 'server.pem',
        'token_file': folder / 'robot',
        'sender_id': 'front',
    }
    parameters = [word for name in values for word in ('-p', f'{name}:={values[name]}')]
    node = await start_module('nodes.receiver_node', '--ros-args', *parameters)
    await node.line('receiving front')

    other = await start_module(
        'commands.webcam', *access, f'{folder}/camera', '--id', 'rear', *SMALL
    )
    await other.line('refused: forbidden: .id: the token is for senders like front')
    viewer = await start_module(
        'commands.webcam', *access, f'{folder}/robot', '--id', 'top', *SMALL
    )
    await viewer.line('refused: forbidden: .role: the token has no right to publish')

    for program in (camera, node, server):
        assert await program.stop() == 0
    programs = (server, camera, node, other, viewer)
    said = '\n'.join(program.output for program in programs)
    assert 'Traceback' not in said
    for name in ('secret', 'camera', 'robot'):
        assert (folder / name).read_text().strip() not in said


async def test_a_gstreamer_sender_gets_in_too(start_module: Start, folder: Path) -> None:
    skip_unless_installed('gstreamer')
    server = await secured_server(start_module, folder)
    sender = await start_module(
        *('commands.gstreamer', '--server', server.url, '--ca', f'{folder}/server.pem'),
        *('--token-file', f'{folder}/camera', '--id', 'front-top', '--source', 'test'),
    )
    await sender.line('registered at')


@pytest.mark.parametrize('options', [SignalingOptions, ReceiverOptions, SenderNodeOptions])
def test_no_secret_is_an_option(options: type) -> None:
    # Any node may read parameters, and any user command lines.
    words = [row.name for row in rows(options)]
    assert not [word for word in words if word in ('token', 'secret', 'password')]


async def test_a_server_in_the_network_needs_a_secret_or_a_word(start_module: Start) -> None:
    refused = await start_module('commands.signaling', '--host', '0.0.0.0', '--port', '0')
    assert await refused.ended() == 1
    (line,) = refused.lines
    assert line.startswith('error: refusing to listen on 0.0.0.0 without a secret: ')
    served = await start_module(
        'commands.signaling', '--host', '0.0.0.0', '--port', '0', '--allow-anonymous'
    )
    await served.line(r'anyone who can reach 0\.0\.0\.0:\d+ can watch and publish')
