"""What stands between this machine and a camera's picture, found out step by step."""
