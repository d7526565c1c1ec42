import asyncio
import json
import os
import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest
from aioice.ice import get_host_addresses

# At the end: an installed webrtc_bridge stays the one that is tested.
sys.path.append(str(Path(__file__).parents[1]))

from benchmark.__main__ import main
from benchmark.cpu_time import cpu_seconds
from benchmark.figures import figures, percentile
from benchmark.measured_round import MeasuredRound, in_window, measure
from benchmark.pipelines import Pipeline, Scene
from benchmark.plan import QUICK, Plan, Size
from benchmark.processes import Processes, SilentProgramError, variables
from benchmark.results import Results
from benchmark.table import table
from webrtc_bridge.errors import NoImagesError, ProgramEndedError

needs_rclpy = pytest.mark.skipif(not find_spec('rclpy'), reason='needs rclpy')
MS = 1_000_000
PLAN = Plan((Size(64, 64),), rounds=1, settle=0.0, seconds=0.1)


def a_round(pipeline: str = 'ours', **changes) -> MeasuredRound:
    values = {
        'seconds': 2.0,
        'latencies_ms': [10.0] * 60,
        'cores': {'sender': 0.25, 'receiver': 0.125, 'subscriber': 1.0},
    }
    return MeasuredRound(pipeline, '64x64', 1, **{**values, **changes})


def test_a_percentile_is_one_of_the_values():
    values = [3.0, 1.0, 2.0, 4.0]
    assert percentile(values, 50) == 2.0
    assert percentile(values, 51) == 3.0
    assert percentile(values, 99) == 4.0
    assert percentile([5.0], 1) == 5.0


def test_only_what_arrives_inside_the_window_counts():
    start, end = 1000 * MS, 2000 * MS
    samples = [
        (start - 1, start - 5 * MS),
        (start, start - 7 * MS),
        (end - 1, end - 1 - 9 * MS),
        (end, end - 5 * MS),
    ]
    assert in_window(samples, start, end) == ([7.0, 9.0], 0)


def test_an_image_that_comes_twice_counts_once():
    samples = [(900 * MS, 890 * MS), (1100 * MS, 1090 * MS), (1200 * MS, 1090 * MS)]
    samples += [(1300 * MS, 890 * MS)]
    assert in_window(samples, 1000 * MS, 2000 * MS) == ([10.0], 0)


def test_an_unreadable_image_has_arrived_without_a_latency():
    latencies, unreadable = in_window([(1500 * MS, None), (2500 * MS, None)], 1000 * MS, 2000 * MS)
    assert (latencies, unreadable) == ([], 1)
    assert a_round(unreadable=1).arrived == 61


def test_percentiles_are_of_all_rounds_together_and_the_rest_are_medians():
    rounds = [
        a_round(latencies_ms=[1.0] * 60),
        a_round(latencies_ms=[2.0] * 50),
        a_round(latencies_ms=[9.0] * 20),
    ]
    result = figures(rounds)
    assert (result['latency_p50'], result['latency_p99']) == (2.0, 9.0)
    assert result['fps'] == 25.0
    assert result['dropped'] == pytest.approx(100 / 6)


def test_the_subscriber_is_no_part_of_a_pipelines_cpu():
    result = figures([a_round()])
    assert result['cpu_pipeline'] == 0.375
    assert result['cpu_image'] == pytest.approx(12.5)
    assert result['cpu_signaling'] is None


def test_a_failed_round_leaves_the_figures_to_the_others():
    failed = MeasuredRound('ours', '64x64', 2, error='no image')
    assert figures([a_round(), failed]) == figures([a_round()])
    assert set(figures([failed]).values()) == {None}


def test_the_table_has_a_ratio_to_each_other_pipeline():
    ours, stock = figures([a_round()]), figures([a_round(latencies_ms=[40.0] * 60)])
    lines = table({'ours': ours, 'stock_vp8': stock, 'stock_h264': figures([])}).splitlines()
    cells = [[cell.strip() for cell in line.strip('|').split('|')] for line in lines]
    assert cells[0][4:] == ['ours / stock aiortc, VP8', 'ours / stock aiortc, H.264']
    assert {len(row) for row in cells} == {6}
    p50 = next(row for row in cells if 'p50' in row[0])
    assert p50[1:] == ['10.0', '40.0', '–', '0.25', '–']


def test_results_hold_every_latency_and_every_error():
    results = Results(PLAN, dict.fromkeys(('cores', 'cpu', 'system', 'python', 'load'), 0))
    results.rounds += [a_round(), MeasuredRound('stock_vp8', '64x64', 1, error='no image')]
    saved = json.loads(results.json())
    assert saved['rounds'][0]['latencies_ms'] == [10.0] * 60
    assert saved['figures']['64x64']['ours']['fps'] == 30.0
    assert saved['ratios']['64x64']['stock_vp8']['fps'] is None
    assert results.errors == ['64x64 stock_vp8: no image']


def test_cpu_time_grows_with_work():
    before = cpu_seconds(os.getpid())
    while cpu_seconds(os.getpid()) < before + 0.05:
        sum(range(10_000))


async def test_no_program_outlives_its_block(tmp_path):
    async with Processes(tmp_path, 'test', 1) as processes:
        program = await processes.start('server', 'webrtc_bridge.signaling_server', '--port', '0')
        await program.line('serving on')
        os.kill(program.pid, 0)
    with pytest.raises(ProcessLookupError):
        os.kill(program.pid, 0)
    assert 'serving on' in (tmp_path / 'test-server.log').read_text()


async def test_a_program_that_ends_early_is_named_with_its_status(tmp_path):
    async with Processes(tmp_path, 'test', 1) as processes:
        program = await processes.start('server', 'webrtc_bridge.signaling_server', '--port', 'x')
        with pytest.raises(ProgramEndedError, match='server ended with exit status 2'):
            await program.line('serving on')
        with pytest.raises(ProgramEndedError):
            processes.check_running()


async def test_a_program_that_says_nothing_is_not_waited_for_without_end(tmp_path):
    async with Processes(tmp_path, 'test', 1) as processes:
        program = await processes.start('server', 'webrtc_bridge.signaling_server', '--port', '0')
        with pytest.raises(SilentProgramError, match=r'test-server\.log'):
            await program.line('never said', timeout=0.1)


@needs_rclpy
async def test_a_pipeline_that_fails_is_an_error_of_its_round(tmp_path):
    async def fail(processes: Processes, scene: Scene) -> None:
        raise NoImagesError(1.0, 'of the test')

    measured = await measure(Pipeline('ours', 'ours', fail), Size(64, 64), PLAN, 1, tmp_path)
    assert measured.error == 'no image in 1 s: of the test (64x64-1-ours)'


@pytest.mark.parametrize('module', ['stock_sender', 'stock_receiver'])
def test_the_stock_programs_load_nothing_that_changes_aiortc(module):
    if module == 'stock_receiver':
        pytest.importorskip('rclpy')
    code = f'import benchmark.{module}, sys; print(*sys.modules)'
    done = subprocess.run(
        [sys.executable, '-c', code],
        env={**os.environ, **variables(1)},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    loaded = done.stdout.split()
    assert 'aiortc' in loaded
    assert not [name for name in loaded if name.startswith('webrtc_bridge.peer')]


@pytest.mark.parametrize(
    'arguments',
    [
        ['--sizes', '640'],
        ['--sizes', '641x480'],
        ['--rounds', '0'],
        ['--seconds', 'nan'],
        ['--pipelines', 'other'],
    ],
    ids=' '.join,
)
def test_arguments_that_cannot_be_used_are_refused(arguments, capsys):
    with pytest.raises(SystemExit, match='2'):
        main(arguments)
    assert f'argument {arguments[0]}' in capsys.readouterr().err


def test_a_quick_run_measures_what_a_full_one_does():
    assert [str(size) for size in QUICK.sizes] == ['640x480', '1280x720']


@needs_rclpy
@pytest.mark.skipif(
    not get_host_addresses(use_ipv4=True, use_ipv6=True),
    reason='stock aiortc cannot connect on loopback alone',
)
async def test_images_flow_through_ours_and_stock_aiortc_in_one_run(tmp_path):
    arguments = ['--quick', '--sizes', '320x240', '--seconds', '1', '--output', str(tmp_path)]
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *('-m', 'benchmark', *arguments, '--pipelines', 'ours', 'stock_vp8'),
        env={**os.environ, **variables(1)},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        out, err = await asyncio.wait_for(process.communicate(), 100)
    finally:
        if process.returncode is None:
            process.terminate()
            await process.wait()
    assert process.returncode == 0, err.decode()
    (saved,) = tmp_path.glob('*/results.json')
    results = json.loads(saved.read_text())
    rounds = {one['pipeline']: one for one in results['rounds']}
    assert set(rounds['ours']['cores']) == {'signaling', 'sender', 'receiver', 'subscriber'}
    assert set(rounds['stock_vp8']['cores']) == {'sender', 'receiver', 'subscriber'}
    for one in rounds.values():
        assert len(one['latencies_ms']) > 5
        assert all(0 < latency < 10_000 for latency in one['latencies_ms'])
    assert results['ratios']['320x240']['stock_vp8']['latency_p50'] > 0
    assert re.search(r'capture to callback, p50 \[ms\] \| [0-9.]+ \| [0-9.]+ \|', out.decode())
