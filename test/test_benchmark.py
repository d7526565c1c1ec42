import asyncio
import dataclasses
import functools
import os
import re
import signal
import subprocess
import sys
import time
from importlib.util import find_spec
from pathlib import Path

import pytest
from aioice.ice import get_host_addresses

# At the end: an installed webrtc_bridge stays the one that is tested.
sys.path.append(str(Path(__file__).parents[1]))

from benchmark.__main__ import main
from benchmark.clips import TEXTURE, Clip, textured
from benchmark.cpu_time import cpu_seconds, memory
from benchmark.encoded_quality import SETTINGS, score
from benchmark.frame_way import stages, ways
from benchmark.measured_round import in_window, measure
from benchmark.parts import PARTS
from benchmark.performance_page import PAGE, with_results
from benchmark.pipelines import Scene
from benchmark.plan import FULL, QUICK, Size
from benchmark.processes import Processes, SilentProgramError, variables
from benchmark.programs.signaling.raw_peers import frame, payload_of_frame
from benchmark.reporting.figures import arrived_percent, percentile, slope
from benchmark.reporting.goals import goals_table
from benchmark.reporting.plots import save_plots
from benchmark.reporting.results import FILE, Results, load
from benchmark.run import Run
from webrtc_bridge.errors import NoImagesError, ProgramEndedError

needs_rclpy = pytest.mark.skipif(not find_spec('rclpy'), reason='needs rclpy')
needs_addresses = pytest.mark.skipif(
    not get_host_addresses(use_ipv4=True, use_ipv6=True),
    reason='stock aiortc cannot connect on loopback alone',
)
MS = 1_000_000
SERVER = 'webrtc_bridge.commands.signaling'
MACHINE = dict.fromkeys(('cores', 'cpu', 'system', 'load'), 0) | {'versions': {'aiortc': '1.16.0'}}


def a_round(pipeline: str = 'ours', **changes):
    values = {
        'pipeline': pipeline,
        'size': '1280x720',
        'fps': 30,
        'seconds': 2.0,
        'latencies_ms': [10.0] * 60,
        'unreadable': 0,
        'cores': {'sender': 0.25, 'receiver': 0.125, 'signaling': 0.0, 'subscriber': 1.0},
    }
    return {**values, **changes}


def results_of(**parts) -> Results:
    return Results(dataclasses.asdict(QUICK), MACHINE, parts)


def cells(table) -> list[list[str]]:
    lines = table.markdown().splitlines()
    return [[cell.strip() for cell in line.strip('|').split('|')] for line in lines]


def test_a_percentile_is_one_of_the_values():
    values = [3.0, 1.0, 2.0, 4.0]
    assert percentile(values, 50) == 2.0
    assert percentile(values, 51) == 3.0
    assert percentile(values, 99) == 4.0
    assert percentile([], 50) is None


def test_a_slope_is_what_each_further_one_adds():
    assert slope([(1, 0.10), (2, 0.11), (4, 0.13)]) == pytest.approx(0.01)
    assert slope([(1, 0.10)]) is None


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
    assert arrived_percent(a_round(latencies_ms=[10.0] * 29, unreadable=1)) == 50.0


def test_percentiles_are_of_all_rounds_together_with_a_ratio_to_each_other_pipeline():
    results = results_of(
        latency=[
            a_round(latencies_ms=[10.0] * 60),
            a_round(latencies_ms=[20.0] * 50),
            a_round('stock_vp8', latencies_ms=[40.0] * 60),
        ]
    )
    (table,) = results.tables('latency')
    head, _, *rows = cells(table)
    assert head[1:] == ['ours', 'stock aiortc, VP8', 'ours / stock aiortc, VP8']
    by_title = {row[0]: row[1:] for row in rows}
    assert by_title['capture to callback, p50 [ms]'] == ['10.0', '40.0', '0.25']
    assert by_title['p99 [ms]'][0] == '20.0'
    assert by_title['CPU of all three [cores]'][0] == '0.375', 'without the subscriber'


def test_a_failed_measurement_is_named_and_leaves_the_figures_to_the_others():
    failed = {'error': 'no image', 'pipeline': 'ours'}
    absent = {'missing': 'GStreamer not found', 'pipeline': 'webrtcbin'}
    results = results_of(latency=[a_round(), failed, absent])
    assert results.tables('latency') == results_of(latency=[a_round()]).tables('latency')
    assert results.errors == ['latency: no image']
    assert 'Not built: webrtcbin: GStreamer not found' in results.markdown()


def test_goals_say_what_is_reached_of_what_was_measured():
    rows = cells(goals_table(results_of(latency=[a_round(latencies_ms=[10.0] * 9 + [25.0])])))
    shown = [row[1:] for row in rows if 'callback at 1280x720' in row[0]]
    assert shown == [['≤ 10', '10.0', 'yes'], ['≤ 20', '25.0', 'no']]
    assert goals_table(results_of()).rows == []


def test_a_frames_way_is_put_together_from_both_ends():
    sender = [('encoding', 5 * MS, 6 * MS), ('encoded', 5 * MS, 8 * MS), ('sent', 77, 9 * MS)]
    receiver = [('assembled', 77, 11 * MS), ('decoded', 77, 12 * MS), ('decoded', 78, 99 * MS)]
    frames = ways(sender, receiver, [(15 * MS, 5 * MS), (48 * MS, 38 * MS), (49 * MS, None)])
    assert stages(frames) == {
        'capture': 1.0,
        'encode': 2.0,
        'packetise': 1.0,
        # Nobody noted when the packets arrived.
        'network + assemble': 2.0,
        'decode': 1.0,
        'convert + publish + DDS': 3.0,
    }


def test_the_page_keeps_its_text_and_what_was_not_measured():
    page = (
        'Text.\n<!-- benchmark: latency -->\nold\n<!-- end -->\n'
        '<!-- benchmark: idle -->\nkept\n<!-- end -->\nEnd.\n'
    )
    written = with_results(page, results_of(latency=[a_round()]))
    assert written.startswith('Text.\n<!-- benchmark: latency -->\n1280x720 at 30 fps:\n\n|')
    assert 'old' not in written
    assert written.endswith('\n<!-- end -->\n<!-- benchmark: idle -->\nkept\n<!-- end -->\nEnd.\n')
    assert with_results(written, results_of(latency=[a_round()])) == written


def test_the_page_has_a_place_for_every_part():
    places = re.findall(r'<!-- benchmark: (\w+) -->', PAGE.read_text())
    assert sorted(places) == sorted(['machine', 'goals', *(part.name for part in PARTS)])
    assert {*FULL.parts, *QUICK.parts} <= set(places)


def test_frames_of_raw_peers_have_their_text_where_the_protocol_says():
    for text in (b'x' * 125, b'y' * 1000):
        masked = frame(text)
        assert masked[1] & 0x80, 'a client masks (RFC 6455, section 5.1)'
        assert masked.endswith(bytes(4) + text)
    unmasked = b'\x81\x7e\x03\xe8' + b'y' * 1000
    assert payload_of_frame(unmasked, 0) == (4, 1004)
    assert payload_of_frame(unmasked[:-1], 0) is None


def test_cpu_time_grows_with_work_of_the_process_group():
    group = os.getpgrp()
    before = cpu_seconds(group)
    while cpu_seconds(group) < before + 0.05:
        sum(range(10_000))
    assert memory(os.getpid()) > 1_000_000


async def test_no_program_outlives_its_block(tmp_path):
    async with Processes(tmp_path, 'test', 1) as processes:
        program = await processes.start('server', SERVER, '--port', '0')
        await program.line('serving on')
        os.kill(program.pid, 0)
        assert os.getpgid(program.pid) == program.pid, 'a group of its own'
    with pytest.raises(ProcessLookupError):
        os.kill(program.pid, 0)
    assert 'serving on' in (tmp_path / 'test-server.log').read_text()


async def test_a_program_that_ends_early_is_named_with_the_end_of_its_log(tmp_path):
    async with Processes(tmp_path, 'test', 1) as processes:
        program = await processes.start('server', SERVER, '--port', 'x')
        with pytest.raises(
            ProgramEndedError, match=r'(?s)exit status 2; the end of its log:.*--port'
        ):
            await program.line('serving on')
        with pytest.raises(ProgramEndedError):
            processes.check_running()


async def test_a_program_that_says_nothing_is_not_waited_for_without_end(tmp_path):
    async with Processes(tmp_path, 'test', 1) as processes:
        program = await processes.start('server', SERVER, '--port', '0')
        with pytest.raises(SilentProgramError, match=r'test-server\.log'):
            await program.line('never said', timeout=0.1)


@needs_rclpy
async def test_a_pipeline_that_fails_is_an_error_of_its_record(tmp_path):
    async def fail(processes: Processes, scene: Scene) -> None:
        raise NoImagesError(1.0, 'of the test')

    run = Run(QUICK, tmp_path)
    record = await measure(run, fail, Scene(Size(64, 64), 'topic'), 'failing', 0.1)
    assert record == {
        'error': 'no image in 1 s: of the test (failing)',
        'kind': 'NoImagesError',
    }


@pytest.mark.parametrize('module', ['stock.sender', 'stock.receiver'])
def test_the_stock_programs_load_nothing_that_changes_aiortc(module):
    if module == 'stock.receiver':
        pytest.importorskip('rclpy')
    code = f'import benchmark.programs.{module}, sys; print(*sys.modules)'
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
        ['no_part'],
    ],
    ids=' '.join,
)
def test_arguments_that_cannot_be_used_are_refused(arguments, capsys):
    with pytest.raises(SystemExit, match='2'):
        main(arguments)
    assert f'argument {arguments[0]}'.replace('no_part', 'PART') in capsys.readouterr().err


def start_benchmark(folder: Path, *arguments: str):
    return asyncio.create_subprocess_exec(
        sys.executable,
        *('-m', 'benchmark', '--output', str(folder), *arguments),
        env={**os.environ, **variables(1)},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )


async def test_quality_is_measured_with_clips_that_are_there(tmp_path, monkeypatch):
    pictures = functools.partial(textured, 320, 180, 20)
    made = [Clip(TEXTURE, (200_000,), pictures)]
    monkeypatch.setattr('benchmark.parts.quality.clips', lambda length: made)
    (part,) = (part for part in PARTS if part.name == 'quality')
    results = results_of(quality=await part.measure(Run(QUICK, tmp_path)))
    by_name = {record['setting']: record for record in results.good('quality')}
    ours, fastest = by_name['H.264, ours'], by_name['ultrafast']
    assert ours['psnr'] > fastest['psnr']
    assert fastest['ssim'] < ours['ssim'] < 1
    (table,) = results.tables('quality')
    assert cells(table)[0][1:] == [setting.name for setting in SETTINGS]


def test_quality_is_perfect_only_for_the_same_picture():
    first, second = textured(320, 180, 2)
    assert score(first, first) == (pytest.approx(78, abs=1), 1)
    psnr, similarity = score(first, second)
    assert psnr < 30
    assert similarity < 0.95


@needs_rclpy
@needs_addresses
async def test_delays_stages_viewers_and_signaling_are_measured(tmp_path):
    plan = dataclasses.replace(
        QUICK,
        sizes=(Size(320, 240),),
        pipelines=('ours', 'stock_vp8'),
        **{'settle': 0.2, 'seconds': 0.7, 'viewers': (1, 2), 'stock_viewers': ()},
        **{'load_seconds': 0.5, 'idle_sockets': 30, 'storm': (3, 2)},
    )
    run = Run(plan, tmp_path)
    names = ('latency', 'stages', 'viewers', 'signaling')
    measuring = [part.measure(run) for part in PARTS if part.name in names]
    results = results_of(**dict(zip(names, await asyncio.gather(*measuring), strict=True)))
    assert results.errors == []
    check_latency({one['pipeline']: one for one in results.good('latency')})
    (traced,) = results.good('stages')
    assert traced['frames'] > 0
    assert list(traced['stages']) == [
        *('capture', 'encode', 'packetise', 'network', 'assemble'),
        *('decode', 'convert', 'publish', 'DDS'),
    ]
    assert all(took >= 0 for took in traced['stages'].values())
    (ours,) = results.good('viewers')
    assert ours['viewers'] == [1, 2]
    assert all(0 < used < 4 for used in ours['cores'])
    assert all(fps > 0 for fps in ours['fps'])
    relaying, storm, idle = results.good('signaling')
    assert relaying['messages'] > 0
    assert len(storm['took_ms']) == 6
    assert 0 < idle['bytes'] < 1e6
    results.save(tmp_path)
    assert load(tmp_path).markdown() == results.markdown()
    if find_spec('matplotlib'):
        pictures = save_plots(results, tmp_path)
        assert [one.name for one in pictures] == ['latency.svg', 'viewers.svg', 'stages.svg']


def check_latency(rounds) -> None:
    assert set(rounds['ours']['cores']) == {'signaling', 'sender', 'receiver', 'subscriber'}
    assert set(rounds['stock_vp8']['cores']) == {'sender', 'receiver', 'subscriber'}
    for one in rounds.values():
        assert one['latencies_ms']
        assert all(0 < latency < 10_000 for latency in one['latencies_ms'])


@pytest.mark.long
@needs_rclpy
@needs_addresses
async def test_a_quick_run_of_every_part_brings_something(tmp_path):
    parts = [part.name for part in PARTS]
    process = await start_benchmark(tmp_path, '--quick', *parts)
    try:
        out, err = await asyncio.wait_for(process.communicate(), 600)
    finally:
        if process.returncode is None:
            process.terminate()
            await process.wait()
    assert process.returncode == 0, err.decode()
    (saved,) = tmp_path.glob(f'*/{FILE}')
    results = load(saved.parent)
    assert all(results.good(part) for part in parts)
    assert out.decode().strip() == results.markdown()


async def test_ctrl_c_ends_the_run_and_all_that_it_started(tmp_path):
    process = await start_benchmark(tmp_path, 'signaling', '--quick')
    try:
        children = await asyncio.to_thread(wait_for_children, process.pid)
        process.send_signal(signal.SIGINT)
        await asyncio.wait_for(process.communicate(), 20)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    for child in children:
        with pytest.raises(ProcessLookupError):
            os.kill(child, 0)


def wait_for_children(pid: int) -> list[int]:
    """Return the processes that process `pid` has started, once there are any."""
    end = time.monotonic() + 60
    while time.monotonic() < end:
        if children := Path(f'/proc/{pid}/task/{pid}/children').read_text().split():
            return [int(child) for child in children]
        time.sleep(0.02)
    raise TimeoutError('it started nothing')
