"""Options that are valid one by one, but not together."""

import argparse

import pytest

from webrtc_bridge.errors import OptionError
from webrtc_bridge.options import EncoderOptions, GStreamerOptions, SenderNodeOptions
from webrtc_bridge.program.command_line import add_arguments, from_arguments

TABLES = [EncoderOptions, GStreamerOptions, SenderNodeOptions]


@pytest.mark.parametrize('table', TABLES)
def test_a_lower_bit_rate_above_the_higher_is_refused_by_its_flag(table: type) -> None:
    parser = argparse.ArgumentParser()
    add_arguments(parser, table)
    arguments = parser.parse_args(['--bitrate', '1000', '--min-bitrate', '1001'])
    with pytest.raises(OptionError) as caught:
        from_arguments(table, arguments)
    assert str(caught.value) == '--min-bitrate: 1001 given, expected at most bitrate, 1000'


@pytest.mark.parametrize('table', TABLES)
@pytest.mark.parametrize(
    ('bitrate', 'min_bitrate'),
    [(1000, 1000), (0, 5000), (80, 100)],  # the last is the default
)
def test_bit_rates_that_fit_together_are_taken(
    table: type, bitrate: int, min_bitrate: int
) -> None:
    assert table(bitrate=bitrate, min_bitrate=min_bitrate).bitrate == bitrate
