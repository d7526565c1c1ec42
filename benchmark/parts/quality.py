"""The quality of the video at a bit rate, and what encoding costs."""

import asyncio
import itertools
from collections.abc import Sequence

from benchmark.clips import clips
from benchmark.encoded_quality import SETTINGS, measure
from benchmark.part import Part
from benchmark.reporting.table import Row, Table
from benchmark.run import Record, Run

FIGURES = (
    ('PSNR [dB]', 'psnr', 1),
    ('SSIM', 'ssim', 3),
    ('bit rate [kbit/s]', 'kbits', 0),
    ('CPU for each picture [ms]', 'cpu_ms', 1),
    ('median time for each picture [ms]', 'wall_ms', 1),
)


async def measure_all(run: Run) -> list[Record]:
    """Encode each clip with each setting."""
    records = []
    for clip in clips(run.plan.pictures):
        pictures = await asyncio.to_thread(clip.pictures)
        for bitrate, setting in itertools.product(clip.bitrates, SETTINGS):
            # In this process, where nothing else runs.
            record = await asyncio.to_thread(measure, setting, pictures, bitrate)
            case = {'clip': clip.name, 'bitrate': bitrate, 'setting': setting.name}
            run.log(f'  {clip.name}, {setting.name}: {short(record)}')
            records.append(case | record)
    return records


def short(record: Record) -> str:
    """Return a summary of one setting."""
    return f'{record["psnr"]:.1f} dB at {record["kbits"]:.0f} kbit/s, {record["cpu_ms"]:.1f} ms'


def tables(records: Sequence[Record]) -> list[Table]:
    """Return a table for each clip and bit rate."""
    made = []
    for clip, bitrate in dict.fromkeys((one['clip'], one['bitrate']) for one in records):
        columns = [one for one in records if (one['clip'], one['bitrate']) == (clip, bitrate)]
        rows = [
            Row(title, [one[key] for one in columns], digits) for title, key, digits in FIGURES
        ]
        title = f'{clip}, 30 fps, {bitrate // 1000} kbit/s'
        made.append(Table(title, [one['setting'] for one in columns], rows))
    return made


QUALITY = Part('quality', 'Quality at a bit rate', measure_all, tables)
