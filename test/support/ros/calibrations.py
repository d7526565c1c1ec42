"""Calibrations: as a file, and as the fields of a message."""

WRITTEN_BY_CAMERA_CALIBRATION = """\
image_width: 640
image_height: 480
camera_name: narrow_stereo
camera_matrix:
  rows: 3
  cols: 3
  data: [438.76, 0.0, 305.59, 0.0, 437.30, 243.74, 0, 0, 1]
distortion_model: plumb_bob
distortion_coefficients:
  rows: 1
  cols: 5
  data: [-0.3614, 0.1101, 1e-05, 0.000562, 0.0]
rectification_matrix:
  rows: 3
  cols: 3
  data: [1, 0, 0, 0, 1, 0, 0, 0, 1]
projection_matrix:
  rows: 3
  cols: 4
  data: [393.65, 0.0, 322.79, 0.0, 0.0, 241.09, 282.80, 0.0, 0.0, 0.0, 1.0, 0.0]
"""

FULL = {
    'width': 1280,
    'height': 960,
    'distortion_model': 'plumb_bob',
    'd': [0.1],
    'k': [800, 0, 640, 0, 820, 480, 0, 0, 1],
    'r': [1, 0, 0, 0, 1, 0, 0, 0, 1],
    'p': [800, 0, 640, -80, 0, 820, 480, 0, 0, 0, 1, 0],
}
