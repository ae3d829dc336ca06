"""``PORT PATH=FILE...``: pytest-httpserver, as its pytest fixture starts it."""

import threading

from pytest_httpserver import HTTPServer

from benchmarks.servers.bodies import port_and_bodies

if __name__ == "__main__":
    port, bodies = port_and_bodies()
    server = HTTPServer(host="127.0.0.1", port=port)
    for path, body in bodies.items():
        server.expect_request(path).respond_with_data(body, content_type="application/json")
    server.start()
    threading.Event().wait()
