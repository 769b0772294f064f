# Serves this checkout as a mip package, and prints the command that installs it: `make serve`.
# MIT license; Copyright (c) 2026 the aioschedule authors
#
# serve.py [port]. It listens on the address by which other machines reach this one, so that a
# board on the network can install from it too. Only the packages' own files can be had, and, once
# `make dist` has compiled them, those in dist/mpy.

import http.server
import json
import socket
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("package.json", "aioschedule.json")
COMPILED = "dist/mpy"
PORT = 8000


def address():
    """The address of the interface that leads to other machines, or of this one alone."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            # Connecting a datagram socket sends nothing. This network is for documents only.
            probe.connect(("192.0.2.1", 9))
            return probe.getsockname()[0]
        except OSError:
            return "127.0.0.1"


def offered(root=ROOT):
    """The paths that can be had: the package files, and what they list."""
    paths = set()
    for folder in (root, root / COMPILED):
        for package in PACKAGES:
            if (folder / package).is_file():
                paths.add(folder / package)
                urls = json.loads((folder / package).read_text(encoding="utf-8"))["urls"]
                paths.update(folder / url for _, url in urls)
    return {"/" + path.relative_to(root).as_posix() for path in paths}


class Handler(http.server.SimpleHTTPRequestHandler):
    def __init__(self, *args):
        super().__init__(*args, directory=str(ROOT))

    def send_head(self):
        if self.path not in offered():
            self.send_error(404, "not a file of a package")
            return None
        return super().send_head()


def server_at(host, port):
    """A server on that port, or on another one if it is taken."""
    try:
        return http.server.ThreadingHTTPServer((host, port), Handler)
    except OSError:
        return http.server.ThreadingHTTPServer((host, 0), Handler)


def main():
    host = address()
    server = server_at(host, int(sys.argv[1]) if sys.argv[1:] else PORT)
    url = f"http://{host}:{server.server_port}"
    print(f"mpremote mip install {url}/package.json")
    if (ROOT / COMPILED / "package.json").is_file():
        print(f"mpremote mip install {url}/{COMPILED}/package.json")
    print("Type one of these in another terminal. Ctrl-C ends this.", flush=True)
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        pass


if __name__ == "__main__":
    main()
