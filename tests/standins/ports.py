"""Ports for stand-ins and whoever else is started by a test."""
import random
import socket


def free_port():
    """A port of 127.0.0.1 that is free, and the one after it. Outgoing connections take theirs from 32768 on, instances of tests below
    31040: between the two it stays free until it is listened at."""
    while True:
        port = random.randrange(31100, 32700, 2)
        try:
            for one in (port, port + 1):
                with socket.socket() as s:
                    s.bind(("127.0.0.1", one))
        except OSError:
            continue
        return port
