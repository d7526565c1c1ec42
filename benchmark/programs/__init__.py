"""
What the benchmark starts, each as a process of its own.

    image_subscriber        takes the time of images, the same for every pipeline
    stock_*                 aiortc as it comes
    webrtcbin_*             GStreamer's webrtcbin on both ends
    drain_*                 many viewers that cost little
    *first_frames           connect again and again
    switch_camera           sets the receiver's parameter, and watches the topic
    relay_*, signaling_storm, idle_sockets, attackers   clients of the signaling server
    publish_*               the ways to publish
    traced                  any program of ours, with the instants of each frame's way noted
"""
