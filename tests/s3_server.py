"""A real S3 server on loopback, in a thread of the tests."""

from __future__ import annotations

import logging
import secrets
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import boto3
from moto.server import ThreadedMotoServer

_KEYS = {
    "AWS_ALLOW_HTTP": "true",
    "AWS_ACCESS_KEY_ID": "key",
    "AWS_SECRET_ACCESS_KEY": "a-secret",
    "AWS_REGION": "us-east-1",
    "AWS_DEFAULT_REGION": "us-east-1",
}


def environ(endpoint):
    """What a program needs to reach the server, or what stands between."""
    return {**_KEYS, "AWS_ENDPOINT_URL": endpoint}


@dataclass(frozen=True)
class Bucket:
    """A bucket, empty at first."""

    name: str
    endpoint: str
    client: Any

    @property
    def url(self):
        return f"s3://{self.name}"

    def upload(self, folder, under=""):
        """Put all files of a folder into it."""
        for path in folder.rglob("*"):
            if path.is_file():
                self.client.upload_file(str(path), self.name, under + path.relative_to(folder).as_posix())


@contextmanager
def serve_bucket():
    """Run the server as long as the block lasts."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    try:
        endpoint = f"http://127.0.0.1:{server.get_host_and_port()[1]}"
        client = boto3.client(
            "s3",
            endpoint_url=endpoint,
            aws_access_key_id=_KEYS["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=_KEYS["AWS_SECRET_ACCESS_KEY"],
            region_name=_KEYS["AWS_REGION"],
        )
        # All servers of a process hold the same buckets, and what is put there stays.
        name = f"news-{secrets.token_hex(4)}"
        client.create_bucket(Bucket=name)
        yield Bucket(name, endpoint, client)
    finally:
        server.stop()
