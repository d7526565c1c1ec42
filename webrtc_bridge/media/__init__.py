"""The video on its way: capture, encode, broadcast, receive, decode."""
