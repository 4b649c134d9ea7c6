"""One running embedded AWS: start, wait until healthy, stop, leave nothing behind."""

from __future__ import annotations

import http.client
import json
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import uuid
from pathlib import Path
from types import TracebackType
from typing import IO, Any

from local import process
from local.settings import (
    ACCESS_KEY,
    HOST,
    REGION,
    Settings,
    client_environment,
    server_environment,
)

SECONDS_TO_HEALTHY = 60.0
SECONDS_TO_END = 5.0
START_ATTEMPTS = 5


class StartError(RuntimeError):
    """The server did not become healthy; the message ends with the last lines of its log."""


class Instance:
    """A server on 127.0.0.1 with a private folder.

    As a context manager it lives as long as the block, and no longer than this process, whatever ends it.
    `detached` makes a server that outlives the process that started it.
    """

    def __init__(self, settings: Settings | None = None, *, port: int = 0, detached: bool = False) -> None:
        """`port` 0 chooses a free one."""
        self.settings = settings or Settings.from_environment()
        self.port = port
        self.folder = Path()
        self._identity = f"local-{uuid.uuid4()}"
        self._any_port = port == 0
        self._detached = detached
        self._server: subprocess.Popen[bytes] | None = None
        self._clients: dict[str, Any] = {}  # making one takes longer than most calls

    def __enter__(self) -> Instance:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def endpoint(self) -> str:
        return f"http://{HOST}:{self.port}"

    @property
    def pid(self) -> int:
        if self._server is None:
            raise RuntimeError("The instance is not running.")
        return self._server.pid

    @property
    def log(self) -> Path:
        """The server's own log."""
        return self.folder / "server.log"

    @property
    def environment(self) -> dict[str, str]:
        """Variables for clients such as the AWS CLI and Terraform."""
        return client_environment(self.port)

    def start(self) -> Instance:
        """Start the server and return when it answers; StartError if it does not within a minute."""
        for attempt in range(1, START_ATTEMPTS + 1):
            try:
                self._start_once()
            except BaseException as error:
                self.stop()
                # Another process may have taken the port between choosing and binding it.
                taken = isinstance(error, StartError) and "already in use" in str(error)
                if not (taken and self._any_port) or attempt == START_ATTEMPTS:
                    raise
            else:
                break
        return self

    def stop(self) -> None:
        """End the server and all Lambda workers and remove the private folder. May be repeated."""
        server, self._server = self._server, None
        if server is not None:
            if server.stdin:
                server.stdin.close()
            process.end_group(server.pid, lambda: server.poll() is None, SECONDS_TO_END)
            server.wait()
            shutil.rmtree(self.folder, ignore_errors=True)

    def client(self, service: str, **options: Any) -> Any:
        """A boto3 client of the instance's account root; `options` go to `boto3.client`."""
        if options:
            return self._new_client(service, options)
        if service not in self._clients:
            self._clients[service] = self._new_client(service, {})
        return self._clients[service]

    def reset(self) -> None:
        """Delete everything in all accounts; takes milliseconds."""
        connection = http.client.HTTPConnection(HOST, self.port, timeout=10)
        connection.request("POST", "/_ministack/reset")
        connection.getresponse().read()
        connection.close()

    def _new_client(self, service: str, options: dict[str, Any]) -> Any:
        import boto3
        from botocore.config import Config

        defaults: dict[str, Any] = {
            "endpoint_url": self.endpoint,
            "region_name": REGION,
            "aws_access_key_id": ACCESS_KEY,
            "aws_secret_access_key": ACCESS_KEY,
            "config": Config(inject_host_prefix=False, retries={"total_max_attempts": 1}),
        }
        make_client: Any = boto3.client
        return make_client(service, **{**defaults, **options})

    def _start_once(self) -> None:
        if self._any_port:
            self.port = _free_port()
        self.folder = Path(tempfile.mkdtemp(prefix="lambda-auto-repair-local-"))
        command = [sys.executable, "-m", "local.launcher", "--folder", str(self.folder)]
        with self.log.open("wb") as log, self.log.open("rb") as written:
            self._server = subprocess.Popen(  # noqa: S603  # this very interpreter with a module of ours: nothing from outside, no shell
                command if self._detached else [*command, "--owned"],
                cwd=self.folder,
                env=server_environment(self.settings, self.port, self.folder, self._identity),
                stdin=subprocess.DEVNULL if self._detached else subprocess.PIPE,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
            # A server that fails removes its folder; what is open can still be read.
            self._wait_until_healthy(self._server, written)

    def _wait_until_healthy(self, server: subprocess.Popen[bytes], log: IO[bytes]) -> None:
        deadline = time.monotonic() + SECONDS_TO_HEALTHY
        while not is_healthy(self.port, self._identity):
            if server.poll() is not None or time.monotonic() > deadline:
                lines = log.read().decode(errors="replace").splitlines()
                raise StartError("\n".join(["The embedded AWS did not start:", *lines[-15:]]))
            time.sleep(process.POLL_SECONDS)


def is_healthy(port: int, identity: str = "local-") -> bool:
    """Whether a server of ours answers on the port; with its whole `identity`, whether that very one does."""
    connection = http.client.HTTPConnection(HOST, port, timeout=5)
    try:
        connection.request("GET", "/_ministack/health")
        return str(json.load(connection.getresponse())["edition"]).startswith(identity)
    except (http.client.HTTPException, OSError, ValueError, LookupError):
        return False
    finally:
        connection.close()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])
