"""A Hub on loopback for the tests' client processes.

    python tests/hub_server.py --port 0

prints its URL and serves until it is stopped. Repositories live in memory. Every request is recorded, and requests
can be made to fail. What a test asks of the server itself goes to `/_control/` and is not recorded:

    GET  /_control/requests   the requests so far, bodies in base64
    GET  /_control/repos      each repository's visibility, tags and files on its main branch, contents in base64
    POST /_control/faults     {"match": regular expression over "METHOD path", "status": int, "times": n, "share": 0..1,
                              "seconds": n}; without a status the answer is only late
"""

import argparse
import base64
import json
import random
import re
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from hub_protocol import Hub, Request, Response, json_response

BROKEN = 0  # the status of a fault that closes the connection in place of an answer


class RecordingHub(Hub):
    """A Hub that keeps every request and fails those that the test has chosen."""

    def __init__(self, url: str):
        super().__init__(url)
        self.requests: list[Request] = []
        self.faults: list[dict] = []
        self.random = random.Random(0)

    def answer(self, request: Request) -> Response:
        if request.path.startswith("/_control/"):
            return self.control(request)
        self.requests.append(request)
        for fault in self.faults:
            matches = fault["times"] > 0 and re.search(fault["match"], f"{request.method} {request.path}")
            if matches and self.random.random() < fault["share"]:
                fault["times"] -= 1
                if fault["status"] is None:
                    response = super().answer(request)
                else:
                    response = json_response({"error": "the fault that the test asked for"}, fault["status"])
                response.seconds = fault["seconds"]
                return response
        return super().answer(request)

    def control(self, request: Request) -> Response:
        match request.path:
            case "/_control/faults":
                self.faults.append(json.loads(request.body))
                return json_response(None)
            case "/_control/requests":
                return json_response([vars(each) | {"body": to_base64(each.body)} for each in self.requests])
            case "/_control/repos":
                return json_response(
                    {
                        name: {
                            "private": repo.private,
                            "tags": {tag: sorted(repo.tree(tag)) for tag in repo.tags},
                            "files": {path: to_base64(blob.data) for path, blob in sorted(repo.tree("main").items())},
                        }
                        for name, repo in self.repos.items()
                    }
                )
            case _:
                return Response(status=404)


def to_base64(data: bytes) -> str:
    return base64.b64encode(data).decode()


class Handler(BaseHTTPRequestHandler):
    """HTTP around `RecordingHub.answer`."""

    protocol_version = "HTTP/1.1"
    wbufsize = -1  # head and body leave together; apart, the second waits for the client's delayed acknowledgement

    def do_GET(self) -> None:
        headers = {name.lower(): value for name, value in self.headers.items()}
        request = Request(self.command, self.path, headers, self.read_body())
        with self.server.lock:
            response = self.server.hub.answer(request)
        time.sleep(response.seconds)
        if response.status == BROKEN:
            self.close_connection = True
            return
        self.send_response(response.status)
        for name, value in response.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(response.body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(response.body)

    do_HEAD = do_POST = do_PUT = do_DELETE = do_GET  # noqa: N815, the names that http.server looks for

    def read_body(self) -> bytes:
        if self.headers["Transfer-Encoding"] != "chunked":
            return self.rfile.read(int(self.headers["Content-Length"] or 0))
        chunks = []
        while size := int(self.rfile.readline(), 16):
            chunks.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(chunks)

    def log_message(self, *args) -> None:
        """Nothing: the record of requests is the log."""


class Server(ThreadingHTTPServer):
    """One Hub on one port of the loopback interface."""

    daemon_threads = True

    def __init__(self, port: int):
        super().__init__(("127.0.0.1", port), Handler)
        self.hub = RecordingHub(f"http://127.0.0.1:{self.server_port}")
        self.lock = threading.Lock()  # requests come in threads of their own and are answered one by one


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Serve a Hub on loopback.")
    parser.add_argument("--port", type=int, default=0, help="0 takes any free port")
    server = Server(parser.parse_args().port)
    print(server.hub.url, flush=True)
    server.serve_forever()
