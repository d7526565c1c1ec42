"""
An RTSP server with a moving picture at /cam: `rtsp_server.py PORT [USER PASSWORD]`.

At /reordered it has B-frames, which come before a picture that is to be shown earlier.

Needs GStreamer's RTSP server and its introspection, so it runs under the system's Python.
Prints the port that it listens on.
"""

import sys

import gi

gi.require_version('Gst', '1.0')
gi.require_version('GstRtspServer', '1.0')
from gi.repository import GLib, Gst, GstRtspServer  # noqa: E402

PICTURE = (
    '( videotestsrc is-live=true pattern=ball ! video/x-raw,width=320,height=240,framerate=30/1'
    ' ! x264enc speed-preset=ultrafast key-int-max=10 {}'
    ' ! rtph264pay name=pay0 config-interval=-1 )'
)
ENCODED = {
    '/cam': 'tune=zerolatency',
    '/reordered': 'bframes=2 b-adapt=false rc-lookahead=0 ! video/x-h264,profile=main',
}


def protect(server, factory, user, password):
    """Let nobody but `user` see the picture."""
    token = GstRtspServer.RTSPToken()
    token.set_string('media.factory.role', 'viewer')
    auth = GstRtspServer.RTSPAuth()
    auth.add_basic(GstRtspServer.RTSPAuth.make_basic(user, password), token)
    server.set_auth(auth)
    permissions = GstRtspServer.RTSPPermissions()
    permissions.add_permission_for_role('viewer', 'media.factory.access', True)
    permissions.add_permission_for_role('viewer', 'media.factory.construct', True)
    factory.set_permissions(permissions)


def main():
    Gst.init(None)
    server = GstRtspServer.RTSPServer()
    server.set_address('127.0.0.1')
    server.set_service(sys.argv[1])
    for path, encoded in ENCODED.items():
        factory = GstRtspServer.RTSPMediaFactory()
        factory.set_launch(PICTURE.format(encoded))
        factory.set_shared(True)
        if len(sys.argv) > 2:
            protect(server, factory, *sys.argv[2:])
        server.get_mount_points().add_factory(path, factory)
    server.attach(None)
    print(server.get_bound_port(), flush=True)
    GLib.MainLoop().run()


main()
