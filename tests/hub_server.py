"""The hub on 127.0.0.1: the two addresses that `huggingface_hub` asks for a data set's files.

GET  /api/datasets/<owner>/<name>[/revision/<revision>]        what there is, as JSON
HEAD, GET  /datasets/<owner>/<name>/resolve/<commit>/<file>    a file
"""

import hashlib
import json
import re
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread
from urllib.parse import unquote, urlsplit


@dataclass
class Hub:
    """`repositories[owner/name][revision][file]` is the content of a file."""

    repositories: dict[str, dict[str, dict[str, bytes]]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    endpoint: str = ""
    broken: bool = False  # the first file ends after half of it, and the server with it
    stalled: bool = False  # after half of the first file nothing comes any more
    silent: bool = False  # never answers anything
    released: Event = field(default_factory=Event)  # ends the waiting of the two above

    stuck: Event = field(default_factory=Event)  # half of a file was sent

    def add(self, name: str, files: dict[str, bytes], revision: str = "main") -> None:
        self.repositories.setdefault(name, {})[revision] = files


class Handler(BaseHTTPRequestHandler):
    hub: Hub

    def log_message(self, *_):
        pass

    def do_HEAD(self):
        self.do_GET(body=False)

    def do_GET(self, *, body=True):
        path = unquote(urlsplit(self.path).path)
        self.hub.asked.append(f"{self.command} {path}")
        if self.hub.silent:
            self.hub.released.wait()
            return
        if match := re.fullmatch(r"/api/datasets/([^/]+/[^/]+)(?:/revision/(.+))?", path):
            self._describe(*match.groups())
        elif match := re.fullmatch(r"/datasets/([^/]+/[^/]+)/resolve/([^/]+)/(.+)", path):
            self._file(*match.groups(), body=body)
        else:
            self._answer(404, b"")

    def _describe(self, name, revision):
        repository = self.hub.repositories.get(name)
        if repository is None:
            self._answer(401, b"", **{"X-Error-Code": "RepoNotFound"})
        elif (revision or "main") not in repository:
            self._answer(404, b"", **{"X-Error-Code": "RevisionNotFound"})
        else:
            files = repository[revision or "main"]
            about = {
                "id": name,
                "sha": _commit(revision or "main"),
                "siblings": [{"rfilename": k, "size": len(v)} for k, v in files.items()],
            }
            self._answer(200, json.dumps(about).encode(), **{"Content-Type": "application/json"})

    def _file(self, name, commit, path, *, body):
        revisions = self.hub.repositories[name]
        files = next(files for key, files in revisions.items() if _commit(key) == commit)
        content = files[path]
        spoiled = (self.hub.broken or self.hub.stalled) and body
        half = len(content) // 2 if spoiled else len(content)
        self.send_response(200)
        self.send_header("Content-Length", str(len(content)))
        self.send_header("ETag", f'"{hashlib.sha256(content).hexdigest()}"')
        self.send_header("X-Repo-Commit", commit)
        self.end_headers()
        if body:
            self.wfile.write(content[:half])
        if half < len(content):
            self.wfile.flush()
            self.hub.stuck.set()
            if self.hub.stalled:
                self.hub.released.wait()
            else:
                self.server.socket.close()
            self.close_connection = True

    def _answer(self, status, content, **headers):
        self.send_response(status)
        for key, value in ({"Content-Length": str(len(content))} | headers).items():
            self.send_header(key, value)
        self.end_headers()
        self.wfile.write(content)


def _commit(revision: str) -> str:
    return hashlib.sha1(revision.encode()).hexdigest()


@contextmanager
def serving(hub: Hub):
    handler = type("OneHub", (Handler,), {"hub": hub})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    hub.endpoint = f"http://127.0.0.1:{server.server_port}"
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield hub
    finally:
        hub.released.set()
        server.shutdown()
        server.server_close()
