#!/usr/bin/env bash
# pyarrow 26.0.1: a `with` block around S3FileSystem.open_output_stream that is left by an exception completes the upload: an object of what had been written until then is there, as if that
# were all of it. There is no call that gives the stream up. Seen on Python 3.11 with a server of four of S3's requests, below (moto 5.2.5 shows the same): of a source that breaks off after
# 10 bytes or 20 MiB, so many bytes are left as an object.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet pyarrow==26.0.1
"$folder/venv/bin/python" - <<'PY'
import os
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

os.environ.update(AWS_ACCESS_KEY_ID="test", AWS_SECRET_ACCESS_KEY="test", AWS_EC2_METADATA_DISABLED="true")
import pyarrow as pa
from pyarrow import fs

objects, parts = {}, {}


class S3(BaseHTTPRequestHandler):
    """CreateMultipartUpload, UploadPart, CompleteMultipartUpload and PutObject."""

    protocol_version = "HTTP/1.1"

    def log_message(self, *arguments):
        pass

    def size(self):
        """Of the body, which is read."""
        if self.headers.get("Expect") == "100-continue":
            self.send_response_only(100)
            self.end_headers()
        size = int(self.headers.get("Content-Length", 0))
        self.rfile.read(size)
        if self.headers.get("Transfer-Encoding") == "chunked":
            while chunk := int(self.rfile.readline().split(b";")[0], 16):
                self.rfile.read(chunk + 2)
            while self.rfile.readline().strip():
                pass
        return int(self.headers.get("x-amz-decoded-content-length", size))

    def answer(self, text=""):
        self.send_response(200)
        self.send_header("ETag", '"tag"')
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text.encode())

    def do_PUT(self):
        place, size = urlsplit(self.path), self.size()
        number = parse_qs(place.query).get("partNumber")
        if number:
            parts.setdefault(place.path, {})[number[0]] = size
        else:
            objects[place.path] = size
        self.answer()

    def do_POST(self):
        place = urlsplit(self.path)
        self.size()
        if "uploadId" in place.query:
            objects[place.path] = sum(parts.pop(place.path).values())
            self.answer("<CompleteMultipartUploadResult><ETag>tag</ETag></CompleteMultipartUploadResult>")
        else:
            self.answer("<InitiateMultipartUploadResult><UploadId>1</UploadId></InitiateMultipartUploadResult>")


server = ThreadingHTTPServer(("127.0.0.1", 0), S3)
threading.Thread(target=server.serve_forever, daemon=True).start()
store = fs.S3FileSystem(endpoint_override=f"127.0.0.1:{server.server_port}", scheme="http", region="us-east-1")
left = {}
for size in (10, 20 << 20):
    try:
        with store.open_output_stream(f"bucket/{size}") as stream:
            stream.write(bytes(size))
            raise RuntimeError("the source breaks off")
    except RuntimeError:
        left[size] = objects.get(f"/bucket/{size}")
server.shutdown()
print("pyarrow", pa.__version__, "bytes written before the exception, and size of the object that is left:", left)
sys.exit(0 if all(size == found for size, found in left.items()) else "the behaviour has changed")
PY
