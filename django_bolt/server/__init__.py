"""Serving: sockets, serving threads, the parent process, reloading."""
