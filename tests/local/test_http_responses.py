"""A short answer arrives whole: a client never sees headers without the body that they promise."""

import re
import socket

from local.instance import Instance
from local.settings import HOST

REQUEST = b"GET /_ministack/health HTTP/1.1\r\nHost: localhost\r\n\r\n"
LOOKS = 100


def test_the_first_bytes_of_an_answer_hold_its_body(embedded_aws: Instance) -> None:
    with socket.create_connection((HOST, embedded_aws.port), timeout=10) as connection:
        for _ in range(LOOKS):
            connection.sendall(REQUEST)
            head, _, body = connection.recv(1 << 20).partition(b"\r\n\r\n")
            promised = re.search(rb"(?i)content-length: (\d+)", head)
            assert promised is not None
            assert len(body) == int(promised[1])
