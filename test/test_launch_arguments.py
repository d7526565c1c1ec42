"""The launch files' arguments, read without the launch package."""

import ast
from pathlib import Path

import pytest

LAUNCH = Path(__file__).parents[1] / 'launch'
COMMON = {'namespace', 'params_file', 'log_level'}
SERVER = {'server_url', 'token_file', 'ca_file'}
SERVING = {'secret_file', 'allow_anonymous', 'certificate', 'key', 'self_signed'}
ARGUMENTS = {
    'signaling.launch.py': {'host', 'port', *SERVING, *COMMON},
    'receiver.launch.py': {'sender_id', *SERVER, 'topic', *COMMON},
    'sender.launch.py': {'sender_id', 'name', *SERVER, 'topic', 'bitrate', *COMMON},
    'receivers.launch.py': {'cameras', *SERVER, 'topic', *COMMON},
    'demo.launch.py': {'sender_id', *SERVER, 'port', 'topic', *COMMON},
}


def declared(file: str) -> dict[str, dict[str, ast.expr]]:
    """Return the keywords of each argument that the launch file declares."""
    tree = ast.parse((LAUNCH / file).read_text(encoding='utf-8'))
    return {
        ast.literal_eval(node.args[0]): {
            word.arg: word.value for word in node.keywords if word.arg
        }
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id == 'DeclareLaunchArgument'
    }


def test_these_are_all_launch_files() -> None:
    assert {path.name for path in LAUNCH.glob('*.py')} == set(ARGUMENTS)


@pytest.mark.parametrize('file', ARGUMENTS)
def test_every_argument_is_there_and_described(file: str) -> None:
    arguments = declared(file)
    assert set(arguments) == ARGUMENTS[file]
    for name, keywords in arguments.items():
        assert ast.literal_eval(keywords['description']).endswith('.'), name


@pytest.mark.parametrize('file', ARGUMENTS)
def test_no_default_of_the_option_table_is_repeated(file: str) -> None:
    for name, keywords in declared(file).items():
        if name not in ('params_file', 'cameras'):
            assert ast.literal_eval(keywords['default_value']) == '', name
