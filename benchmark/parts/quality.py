"""The quality of the video at a bit rate, and what encoding costs."""

import asyncio
from collections.abc import Sequence

from benchmark.clips import clips
from benchmark.encoded_quality import FASTEST, measure
from benchmark.part import Part
from benchmark.reporting.table import Row, Table
from benchmark.run import Record, Run

FIGURES = (
    ('PSNR [dB]', 'psnr', 1),
    ('SSIM', 'ssim', 3),
    ('bit rate [kbit/s]', 'kbits', 0),
    (f'CPU, divided by that of {FASTEST.name}', 'cpu', 2),
    ('time for each picture, likewise', 'wall', 2),
)


async def measure_all(run: Run) -> list[Record]:
    """Encode each clip with each setting."""
    records = []
    for clip in clips(run.plan.pictures):
        pictures = await asyncio.to_thread(clip.pictures)
        for bitrate in clip.bitrates:
            # In this process, where nothing else runs.
            for record in await asyncio.to_thread(measure, pictures, bitrate, run.plan.rounds):
                run.log(f'  {clip.name}, {record["setting"]}: {short(record)}')
                records.append({'clip': clip.name, 'bitrate': bitrate} | record)
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
