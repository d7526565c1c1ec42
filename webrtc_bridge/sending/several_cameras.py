"""Serve one or several cameras from one process, each as if it were the only one."""

import asyncio
import logging
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from webrtc_bridge.errors import OptionError, SourceError
from webrtc_bridge.options import CamerasOptions, EncoderOptions, SenderOptions, SourceOptions
from webrtc_bridge.program.cancellation import end
from webrtc_bridge.program.retry import RetryDelay
from webrtc_bridge.sending.camera_sender import serve_camera
from webrtc_bridge.sending.cameras_file import CameraEntry, read_cameras

logger = logging.getLogger(__name__)


async def run(
    sender: SenderOptions, source: SourceOptions, encoder: EncoderOptions, cameras: CamerasOptions
) -> None:
    """
    Serve one camera, or those of the file of cameras, until cancelled.

    Raises: SourceError if none can be opened, OptionError if an option is wrong.
    """
    if cameras.cameras:
        await serve_all(read_cameras(cameras.cameras, sender, source, encoder))
    else:
        await serve_camera(sender, source, encoder)


async def serve_all(cameras: Sequence[CameraEntry]) -> None:
    """
    Serve all `cameras` until cancelled; retry those that do not open until they do.

    Raises: SourceError if none of them opens at first, and OptionError, naming the entry.
    """
    # Opening and closing a camera may block a thread for seconds, and asyncio has few.
    threads = ThreadPoolExecutor(2 * len(cameras) + 4, 'camera')
    asyncio.get_running_loop().set_default_executor(threads)
    served = [_ServedCamera(camera) for camera in cameras]
    tasks = [asyncio.ensure_future(camera.run()) for camera in served]
    some_open = asyncio.ensure_future(_until_one_is_open(served))
    try:
        await asyncio.gather(some_open, *tasks)  # the first error ends it
    finally:
        await end(some_open, *tasks)


async def _until_one_is_open(cameras: 'Sequence[_ServedCamera]') -> None:
    """
    Wait until every camera has been tried once.

    Raises: SourceError, that of the first camera, if none is open.
    """
    errors = await asyncio.gather(*(asyncio.shield(camera.first_try) for camera in cameras))
    failed = [error for error in errors if error is not None]
    if len(failed) == len(cameras):
        raise failed[0]
    if failed:
        logger.warning('continuing without the cameras that did not open; retrying them')


class _ServedCamera:
    """One camera; `first_try` gets the error of the first attempt to open it, or None."""

    def __init__(self, camera: CameraEntry) -> None:
        self._camera = camera
        self._retry = RetryDelay()
        self._logged = ''
        self.first_try: asyncio.Future[SourceError | None]
        self.first_try = asyncio.get_running_loop().create_future()

    async def run(self) -> None:
        camera = self._camera
        while True:
            try:
                await serve_camera(camera.sender, camera.source, camera.encoder, self._opened)
            except SourceError as error:
                self._failed(error)
            except OptionError as error:
                name = f'{camera.where}: {error.name}'
                raise OptionError(name, error.value, error.expected) from None
            await asyncio.sleep(self._retry.next())

    def _opened(self) -> None:
        self._tried(None)
        self._retry.reset()
        if self._logged:
            logger.info('camera %s is open now', self._camera.sender.sender_id)
            self._logged = ''

    def _failed(self, error: SourceError) -> None:
        if str(error) != self._logged:
            self._logged = str(error)
            name = self._camera.sender.sender_id
            logger.error('camera %s: %s', name, error)
        self._tried(error)

    def _tried(self, error: SourceError | None) -> None:
        if not self.first_try.done():
            self.first_try.set_result(error)
