"""One case with one pair of ends."""

import json
import time

from support.browser.chromium import Browser

from benchmark.links.cases import Case
from benchmark.links.clip import ClipFiles
from benchmark.links.ends import Ends, Scene, wait_until
from benchmark.links.figures import Seen
from benchmark.pipelines import start_server
from benchmark.processes import Process, Processes
from benchmark.run import Record, Run
from webrtc_bridge.errors import WebrtcBridgeError

EMULATOR = 'support.links.emulator'


class PageFailedError(WebrtcBridgeError):
    """A page did not do what it should; `detail` says what."""

    def __init__(self, detail: str) -> None:
        super().__init__(detail)
        self.detail = detail

    def __str__(self) -> str:
        return f'a page failed: {self.detail}'


async def measured(
    run: Run, processes: Processes, devtools: str, clip: ClipFiles, case: Case, ends: Ends
) -> Record:
    """Return the figures of `case`; what they come from is in a file of the run's folder."""
    server = await start_server(processes)
    link = await processes.start('link', EMULATOR, '--server', server, *arguments(case))
    url = (await link.line(r'serving on (\S+)'))[1]
    try:
        async with Browser.connect(devtools) as browser:
            scene = Scene(processes, browser, clip, url, server, case.bitrate)
            seen = await watched(run, scene, link, case, ends)
    except (AssertionError, TimeoutError) as error:
        raise PageFailedError(str(error)) from error
    (run.folder / f'links-{case.name}-{ends.name}.json').write_text(json.dumps(vars(seen)))
    return {'figures': {figure.title: figure.of(seen) for figure in case.figures}}


def arguments(case: Case) -> list[str]:
    """Return the emulator's arguments for the link at the start."""
    fields = [f'{name}={value}' for name, value in case.fields.items()]
    return ['--profile', 'lan', *(['--set', *fields] if fields else [])]


async def watched(run: Run, scene: Scene, link: Process, case: Case, ends: Ends) -> Seen:
    """Carry out the case."""
    await ends.start(scene)
    view = await ends.view(scene)
    first = await view.first()
    for step in case.steps:
        await wait_until(first + step.at, time.time)
        link.command(step.command)
    await wait_until(first + case.seconds, time.time)
    scene.processes.check_running()
    file = run.folder / f'datagrams-{case.name}-{ends.name}.json'
    link.command(f'datagrams {file.absolute()}')
    await link.line('^written')
    datagrams = json.loads(file.read_text())
    file.unlink()
    return Seen(
        [(at - first, width, height) for at, width, height in await view.pictures()],
        [(at - first, size, seconds) for at, size, seconds in datagrams],
    )
