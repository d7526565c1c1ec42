"""
An RTSP server with a moving picture at /cam: `rtsp_server.py PORT [USER PASSWORD]`.

At /reordered it has B-frames, which come after a picture that is to be shown later; at /rare it
has a keyframe when somebody asks for it by RTCP.

Needs GStreamer's RTSP server and its introspection, so it runs under the system's Python.
Prints the port that it listens on.
"""

import sys

import gi

gi.require_version('Gst', '1.0')
gi.require_version('GstRtsp', '1.0')
gi.require_version('GstRtspServer', '1.0')
from gi.repository import GLib, Gst, GstRtsp, GstRtspServer  # noqa: E402

PICTURE = (
    'videotestsrc is-live=true pattern=ball ! video/x-raw,width=320,height=240,framerate=30/1'
    ' ! x264enc speed-preset=ultrafast'
)
PAYLOADS = 'rtph264pay name=pay0 config-interval=-1'
ON_REQUEST = (
    'rtph264pay config-interval=-1'
    ' ! capssetter name=pay0 caps="application/x-rtp,rtcp-fb-nack-pli=(boolean)true"'
)
STREAMS = {
    '/cam': f'{PICTURE} tune=zerolatency key-int-max=10 ! {PAYLOADS}',
    '/reordered': f'{PICTURE} bframes=2 b-adapt=false rc-lookahead=0 key-int-max=10'
    f' ! video/x-h264,profile=main ! {PAYLOADS}',
    '/rare': f'{PICTURE} tune=zerolatency key-int-max=100000'
    f' ! video/x-h264,profile=constrained-baseline ! {ON_REQUEST}',
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
    for path, stream in STREAMS.items():
        factory = GstRtspServer.RTSPMediaFactory()
        factory.set_launch(f'( {stream} )')
        factory.set_shared(True)
        if ON_REQUEST in stream:
            factory.set_profiles(GstRtsp.RTSPProfile.AVPF)
        if len(sys.argv) > 2:
            protect(server, factory, *sys.argv[2:])
        server.get_mount_points().add_factory(path, factory)
    server.attach(None)
    print(server.get_bound_port(), flush=True)
    GLib.MainLoop().run()


main()
