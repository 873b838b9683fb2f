"""The server of the dashboard: its bodies, connections and patience are bounded, token or not."""

import logging
import os
import socket
import time
from typing import Any

import psutil
from waitress.adjustments import Adjustments
from waitress.channel import HTTPChannel
from waitress.server import TcpWSGIServer

from tuner.dashboard.answers import Application

THREADS = 4
CONNECTIONS = 900  # of all clients, at most
FILES = 4096  # open ones that this process asks the system for; workers and the database need some as well
IDLE = 30  # s that a connection may stay silent; a browser opens another where it needs one
ARRIVAL = 20.0  # s for a request to arrive as a whole
LOOK = 5  # s between two looks at all connections
NO_BODY = 1024  # bytes of a body where nothing may be written
NOTE = 1_000_000  # bytes of a body where notes are


class TimedChannel(HTTPChannel):  # type: ignore[misc] # waitress has no types
    """A connection, with the time at which the request that is arriving began."""

    begun = 0.0

    def received(self, data: bytes) -> bool:
        """Takes bytes of a request."""
        if self.request is None:
            self.begun = time.time()
        return bool(super().received(data))


class TimedServer(TcpWSGIServer):  # type: ignore[misc]
    """Also closes connections whose request arrives byte by byte."""

    channel_class = TimedChannel

    def maintenance(self, now: float) -> None:
        """Closes what has been silent or slow for too long."""
        super().maintenance(now)
        for channel in self.active_channels.values():
            if channel.request is not None and channel.begun < now - ARRIVAL:
                channel.will_close = True


def connections() -> int:
    """How many connections there may be: half of the files that this process may open, after it asked for more."""
    if hasattr(psutil, "RLIMIT_NOFILE"):  # Linux
        soft, hard = psutil.Process().rlimit(psutil.RLIMIT_NOFILE)
        if soft < FILES:
            soft = min(FILES, hard) if hard != psutil.RLIM_INFINITY else FILES
            psutil.Process().rlimit(psutil.RLIMIT_NOFILE, (soft, hard))
        return min(CONNECTIONS, soft // 2)
    return min(CONNECTIONS, os.sysconf("SC_OPEN_MAX") // 2) if hasattr(os, "sysconf") else CONNECTIONS


def bounded_server(application: Application, listener: socket.socket, *, writable: bool = False) -> TimedServer:
    """A server on a bound socket, listening and not yet running."""
    logging.getLogger("waitress.queue").setLevel(logging.ERROR)  # a busy moment
    adjustments = Adjustments(
        threads=THREADS,
        ident=None,
        connection_limit=connections(),
        channel_timeout=IDLE,
        cleanup_interval=LOOK,
        asyncore_use_poll=True,  # select() knows no more than 1,024 files
        max_request_body_size=NOTE if writable else NO_BODY,
        inbuf_overflow=2 * NOTE,  # so that no body goes to the disk
        backlog=CONNECTIONS,
    )
    place: Any = (listener.family, listener.type, listener.proto, listener.getsockname())
    return TimedServer(application, {}, _sock=listener, adj=adjustments, bind_socket=False, sockinfo=place)
