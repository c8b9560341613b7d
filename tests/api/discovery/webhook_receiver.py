"""A receiver of webhooks on the port that a local instance lets them reach (NADIR_WEBHOOK_PORT)."""
import hashlib
import hmac
import json
import os
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Call:
    def __init__(self, path, headers, body):
        self.path, self.headers, self.body, self.json = path, headers, body, json.loads(body)

    def signed_by(self, secret):
        """As the documentation tells receivers to check it."""
        parts = dict(part.split("=", 1) for part in self.headers["nadir-signature"].split(","))
        mac = hmac.new(secret.encode(), parts["t"].encode() + b"." + self.body, hashlib.sha256).hexdigest()
        return hmac.compare_digest(mac, parts["v1"])


class Receiver:
    """Takes every call; `answers` may hold, for a path, statuses that the next calls get instead of 204."""

    def __init__(self):
        self.calls, self.answers, self.lock = [], {}, threading.Lock()
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["content-length"]))
                with receiver.lock:
                    receiver.calls.append(Call(self.path, dict((k.lower(), v) for k, v in self.headers.items()), body))
                    waiting = receiver.answers.get(self.path) or [204]
                    status = waiting.pop(0)
                self.send_response(status)
                if status >= 300:
                    self.send_header("location", "/elsewhere")
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        ThreadingHTTPServer.allow_reuse_address = True
        self.server = ThreadingHTTPServer(("127.0.0.1", int(os.environ["NADIR_WEBHOOK_PORT"])), Handler)
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self.thread.start()

    def url(self, path):
        return f"http://127.0.0.1:{self.server.server_port}{path}"

    def at(self, path):
        with self.lock:
            return [call for call in self.calls if call.path == path]

    def close(self):
        self.server.shutdown()
        self.server.server_close()
