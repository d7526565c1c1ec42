"""The calibration of the camera that a receiver follows, which changes with the camera."""

import dataclasses
import logging
import threading
from collections.abc import Mapping
from typing import Any

from webrtc_bridge.errors import OptionError, WebrtcBridgeError
from webrtc_bridge.nodes.calibration import calibration_file
from webrtc_bridge.nodes.calibration.calibration import Calibration, calibration_from
from webrtc_bridge.nodes.ros.ros_names import NAME, camera_name, with_name

UNCALIBRATED = Calibration(0, 0)

MOST_SENDERS = 8
'Senders whose own calibrations are kept: the current one, and those being switched to.'

logger = logging.getLogger(__name__)


class FollowedCalibration:
    """
    Choose the calibration of the current sender; from any thread.

    One that was set has priority, then the file at `url`, in which `${NAME}` is the camera's name,
    then the one that the sender sends. `sender_id` is the sender until pictures come.

    Raises: OptionError if the first file is invalid; that of a later camera is only logged.
    """

    def __init__(self, url: str, sender_id: str) -> None:
        self._url = url
        self._lock = threading.RLock()
        self._sender_id = sender_id
        self._not_saved: dict[str, Calibration] = {}
        self._from_senders: dict[str, Calibration | None] = {}
        self._refused: set[str] = set()
        self._own = None if self._url_waits else self._load()

    @property
    def current(self) -> Calibration:
        """The calibration to publish; `UNCALIBRATED` if there is none."""
        with self._lock:
            return self._own or self._from_senders.get(self._sender_id) or UNCALIBRATED

    def follow(self, sender_id: str) -> bool:
        """Use the calibration of that sender from now on; return whether it is another sender."""
        with self._lock:
            if sender_id == self._sender_id:
                return False
            before, early = self._sender_id, self._not_saved.pop('', None)
            self._sender_id = sender_id
            self._refused.clear()
            if early:  # set before there was a camera, so for the first that comes
                self._not_saved[self._key] = early
            try:
                self._own = self._not_saved.get(self._key) or self._load()
            except OptionError as error:
                self._own = None
                logger.warning('%s has no calibration: %s', sender_id, error)
            if self._own and before and self._url and NAME not in self._url:
                text = (
                    '%s is now used for %s, too: put %s into the name to give each camera its own'
                )
                logger.warning(text, self._url, sender_id, NAME)
            return True

    def set_senders(self, info: Mapping[str, Any] | None, sender_id: str) -> None:
        """Use `info` of a sender (as for `calibration_from`) for its camera; None: it has none."""
        with self._lock:
            self._from_senders.pop(sender_id, None)
            self._from_senders[sender_id] = self._checked(info, sender_id) if info else None
            while len(self._from_senders) > MOST_SENDERS:
                del self._from_senders[next(iter(self._from_senders))]

    def set(self, calibration: Calibration) -> tuple[bool, str]:
        """Use `calibration` for the current camera; return whether it is kept, and where."""
        with self._lock:
            name = self._own.camera_name if self._own else ''
            camera = name or camera_name(self._sender_id)
            own = self._own = dataclasses.replace(calibration, camera_name=camera)
            key = self._key
            self._not_saved[key] = own
        if not self._url:
            return True, 'kept until the node ends, because camera_info_url is empty'
        if not key:
            return False, 'used for the first camera, but not saved: its name is not known yet'
        try:
            path = calibration_file.path_of(key)
            calibration_file.save(path, own)  # without the lock, because a disk may be slow
        except WebrtcBridgeError as error:
            return False, f'used until the node ends, but not saved: {error}'
        with self._lock:
            del self._not_saved[key]
        return True, f'saved to {path}'

    @property
    def _named_url(self) -> str:
        return with_name(self._url, self._sender_id)

    @property
    def _key(self) -> str:
        """The file of the camera, which several may share, or else its sender."""
        return self._sender_id if self._url_waits or not self._url else self._named_url

    @property
    def _url_waits(self) -> bool:
        """Return whether the URL needs a name that is not known yet."""
        return NAME in self._url and not self._sender_id

    def _load(self) -> Calibration | None:
        if not self._url:
            return None
        found = calibration_file.load(self._named_url)
        if found is None:
            text = '%s does not exist: no calibration until one is set'
            logger.warning(text, self._named_url)
        return found

    def _checked(self, info: Mapping[str, Any], sender_id: str) -> Calibration | None:
        try:
            return calibration_from(info)
        except OptionError as error:
            # Once, because a sender may repeat it with each image.
            if sender_id not in self._refused:
                self._refused.add(sender_id)
                logger.warning('ignoring the camera_info of %s: %s', sender_id, error)
            return None
