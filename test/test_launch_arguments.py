"""The launch files' arguments, read without the launch package; their names: test_public_names."""

import pytest
from support.ros.launch_files import LAUNCH, declared_arguments

FILES = sorted(path.name for path in LAUNCH.glob('*.py'))


def test_every_launch_file_is_read() -> None:
    assert sorted(declared_arguments()) == FILES


@pytest.mark.parametrize('file', FILES)
def test_every_argument_is_described(file: str) -> None:
    arguments = declared_arguments()[file]
    assert arguments
    for name, keywords in arguments.items():
        assert keywords['description'].endswith('.'), name


@pytest.mark.parametrize('file', FILES)
def test_no_default_of_the_option_table_is_repeated(file: str) -> None:
    for name, keywords in declared_arguments()[file].items():
        if name not in ('params_file', 'cameras'):
            assert keywords['default_value'] == '', name
