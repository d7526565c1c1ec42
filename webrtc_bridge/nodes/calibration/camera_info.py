"""Conversion between `sensor_msgs/CameraInfo` and calibrations."""

from typing import Any

from sensor_msgs.msg import CameraInfo, RegionOfInterest

from webrtc_bridge.nodes.calibration.calibration import Calibration, calibration_from


def mapping_from_message(message: CameraInfo) -> dict[str, Any]:
    """Return the fields of `message` but its header, by name, as types that JSON has."""
    roi = message.roi
    return {
        **{name: getattr(message, name) for name in ('width', 'height', 'distortion_model')},
        **{name: [float(v) for v in getattr(message, name)] for name in ('d', 'k', 'r', 'p')},
        **{name: getattr(message, name) for name in ('binning_x', 'binning_y')},
        'roi': {name: getattr(roi, name) for name in roi.get_fields_and_field_types()},
    }


def from_message(message: CameraInfo) -> Calibration:
    """
    Return the calibration in `message`.

    Raises: OptionError, naming the invalid field.
    """
    return calibration_from(mapping_from_message(message))


def to_message(calibration: Calibration) -> CameraInfo:
    """Return `calibration` as a message without a header."""
    roi = calibration.roi
    return CameraInfo(
        width=calibration.width,
        height=calibration.height,
        distortion_model=calibration.distortion_model,
        d=list(calibration.d),
        k=list(calibration.k),
        r=list(calibration.r),
        p=list(calibration.p),
        binning_x=calibration.binning_x,
        binning_y=calibration.binning_y,
        roi=RegionOfInterest(
            x_offset=roi.x_offset,
            y_offset=roi.y_offset,
            width=roi.width,
            height=roi.height,
            do_rectify=roi.do_rectify,
        ),
    )
