"""What all tests need."""

import signal

import pytest

from tests.s3_server import environ, serve_bucket

# A run in the background of a script (`&`, `nohup`) is started with SIGINT ignored, and so would be the commands
# that tests start and interrupt: only what is ignored is inherited, not a handler.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture
def bucket(monkeypatch):
    """An empty bucket, where the environment says."""
    with serve_bucket() as served:
        for name, value in environ(served.endpoint).items():
            monkeypatch.setenv(name, value)
        yield served
