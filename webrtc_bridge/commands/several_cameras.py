"""Serve several cameras from one process, each as if it were the only one."""

import asyncio
import logging
from collections.abc import Callable, Coroutine, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from webrtc_bridge.commands.cameras_file import CameraEntry
from webrtc_bridge.errors import OptionError, SourceError
from webrtc_bridge.options import EncoderOptions, SenderOptions, SourceOptions

FIRST_DELAY, LONGEST_DELAY = 0.5, 1.5
'Seconds before a camera that did not open is tried again; they double from one to the other.'

Serve = Callable[
    [SenderOptions, SourceOptions, EncoderOptions, Callable[[], None]], Coroutine[Any, Any, None]
]
'Serves one camera until cancelled; calls the last argument once it is open.'

logger = logging.getLogger(__name__)


async def serve_all(cameras: Sequence[CameraEntry], serve: Serve) -> None:
    """
    Serve all `cameras` until cancelled; one that does not open is tried until it does.

    Raises: SourceError, when none of them opens at first, and OptionError, naming the entry.
    """
    # Opening and closing a camera may block a thread for seconds, and asyncio has few.
    threads = ThreadPoolExecutor(2 * len(cameras) + 4, 'camera')
    asyncio.get_running_loop().set_default_executor(threads)
    served = [_ServedCamera(camera, serve) for camera in cameras]
    tasks = [asyncio.ensure_future(one.run()) for one in served]
    some_open = asyncio.ensure_future(_until_one_is_open(served))
    try:
        await asyncio.gather(some_open, *tasks)  # the first error ends it
    finally:
        for task in (some_open, *tasks):
            task.cancel()
        await asyncio.gather(some_open, *tasks, return_exceptions=True)


async def _until_one_is_open(cameras: 'Sequence[_ServedCamera]') -> None:
    """
    Wait until every camera has been tried once.

    Raises: SourceError, of the first camera, when none is open.
    """
    errors = await asyncio.gather(*(asyncio.shield(camera.first_try) for camera in cameras))
    failed = [error for error in errors if error is not None]
    if len(failed) == len(cameras):
        raise failed[0]
    if failed:
        logger.warning('going on without what did not open, which is tried until it does')


class _ServedCamera:
    """One camera; `first_try` gets what was wrong when it was first opened, or None."""

    def __init__(self, camera: CameraEntry, serve: Serve) -> None:
        self._camera = camera
        self._serve = serve
        self._delay = FIRST_DELAY
        self._said = ''
        self.first_try: asyncio.Future[SourceError | None]
        self.first_try = asyncio.get_running_loop().create_future()

    async def run(self) -> None:
        camera = self._camera
        while True:
            try:
                await self._serve(camera.sender, camera.source, camera.encoder, self._opened)
            except SourceError as error:
                self._failed(error)
            except OptionError as error:
                name = f'{camera.where}: {error.name}'
                raise OptionError(name, error.value, error.expected) from None
            await asyncio.sleep(self._delay)
            self._delay = min(2 * self._delay, LONGEST_DELAY)

    def _opened(self) -> None:
        self._tried(None)
        self._delay = FIRST_DELAY
        if self._said:
            logger.info('camera %s is there now', self._camera.sender.sender_id)
            self._said = ''

    def _failed(self, error: SourceError) -> None:
        if str(error) != self._said:
            self._said = str(error)
            name = self._camera.sender.sender_id
            logger.error('camera %s: %s', name, error)
        self._tried(error)

    def _tried(self, error: SourceError | None) -> None:
        if not self.first_try.done():
            self.first_try.set_result(error)
