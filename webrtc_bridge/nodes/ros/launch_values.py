"""Arguments of launch files, from the command line and parameter files; imports no `launch`."""

import sys
from collections.abc import Collection
from pathlib import Path

from webrtc_bridge.errors import UnknownArgumentError
from webrtc_bridge.nodes.ros.early_parameter import in_file
from webrtc_bridge.nodes.ros.ros_names import NAME
from webrtc_bridge.options import ReceiverOptions

EVERY_RECEIVER = {'webrtc_receiver', '*', '**'}


def typed_arguments(file: str) -> list[str] | None:
    """
    Return the names of the arguments that `ros2 launch` was given for `file`; None if included.

    Only they are known to be for that file: `launch` passes all to every file that is included,
    and so ignores unknown ones.
    """
    words = iter(sys.argv)
    if not any(Path(word).name == file for word in words):
        return None
    return [word.partition(':=')[0] for word in words if ':=' in word]


def refuse_unknown(file: str, names: Collection[str]) -> None:
    """
    Check that what `ros2 launch` was given for `file` are some of its arguments `names`.

    Raises: UnknownArgumentError.
    """
    for name in typed_arguments(file) or ():
        if name not in names:
            raise UnknownArgumentError(name, names)


def frame_of_each(given: str, params_file: str) -> str:
    """
    Return the frame_id for several cameras, with `${NAME}` in it, so that each has its own.

    `given` is from the command line, or empty; then that of the parameter file counts.
    """
    frame_id = given or in_file(Path(params_file), EVERY_RECEIVER, 'frame_id')
    frame_id = frame_id or ReceiverOptions.frame_id
    return frame_id if NAME in frame_id else f'{NAME}_{frame_id}'
