"""Stock aiortc: programs by the book, without any of our patches."""
