"""
The programs that the benchmark starts, each in a process of its own.

    traced          one of our programs, with the instants of each frame's way recorded
    first_frames    connects to our sender repeatedly
    drain_viewers   many viewers of our sender that cost little
    stock/          the same with stock aiortc, and its sender and receiver
    webrtcbin/      sender and receiver with GStreamer's webrtcbin
    ros/            the subscriber that times images, for every pipeline; publishers of images;
                    a client that switches cameras
    signaling/      clients and attackers of the signaling server
"""
