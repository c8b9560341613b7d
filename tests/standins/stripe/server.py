#!/usr/bin/env python3
"""A stand-in for the part of Stripe that Nadir uses, for tests and demonstrations. It moves no money.

It keeps Stripe's published rules: PaymentIntents with their states, form-encoded requests, error objects, Idempotency-Key,
test cards, signed webhooks with retries, and a browser script with the calls of Stripe.js that the portal makes.
What was answered is on disk before the answer is sent. See README.md.
"""
import argparse
import os
import signal
import sys
import threading
from http.server import ThreadingHTTPServer

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from api import Handler  # noqa: E402
from store import Store  # noqa: E402
from webhooks import Webhooks  # noqa: E402


def setting(name):
    """NADIR_<name>, or the content of the file that NADIR_<name>_FILE names, or None."""
    path = os.environ.get(f"NADIR_{name}_FILE")
    if path:
        with open(path, encoding="ascii") as f:
            return f.read().strip()
    return os.environ.get(f"NADIR_{name}")


def secret(path, name, otherwise):
    if path:
        with open(path, encoding="ascii") as f:
            return f.read().strip()
    return setting(name) or otherwise


def arguments():
    p = argparse.ArgumentParser(description=__doc__)
    p.add_argument("--port", type=int, default=12111, help="port on 127.0.0.1; 0: any, printed")
    p.add_argument("--secret-key-file", help="file with the sk_test_… key; otherwise NADIR_STRIPE_SECRET_KEY[_FILE]")
    p.add_argument("--publishable-key", help="pk_test_… key; otherwise NADIR_STRIPE_PUBLISHABLE_KEY[_FILE]")
    p.add_argument("--webhook-url", default=setting("STRIPE_WEBHOOK_URL"), help="where events are sent; without: nowhere")
    p.add_argument("--webhook-secret-file", help="file with the whsec_… key; otherwise NADIR_STRIPE_WEBHOOK_SECRET[_FILE]")
    p.add_argument("--state", default=os.path.join(os.environ.get("NADIR_STATE", "."), "stripe"),
                   help="folder of what is remembered")
    p.add_argument("--duplicates", type=int, default=0, help="send every event so many times more (tests)")
    p.add_argument("--shuffle", action="store_true", help="send events out of order (tests)")
    p.add_argument("--retry-seconds", type=float, default=1.0, help="first pause before an event is sent again; then doubled")
    return p.parse_args()


def main():
    a = arguments()
    store = Store(a.state)
    hooks = Webhooks(store, a.webhook_url, secret(a.webhook_secret_file, "STRIPE_WEBHOOK_SECRET", "whsec_standin"),
                     duplicates=a.duplicates, shuffle=a.shuffle, first_pause=a.retry_seconds)
    server = ThreadingHTTPServer(("127.0.0.1", a.port), Handler)
    server.daemon_threads = True
    server.store = store
    server.hooks = hooks
    server.secret_key = secret(a.secret_key_file, "STRIPE_SECRET_KEY", "sk_test_standin")
    server.publishable_key = a.publishable_key or setting("STRIPE_PUBLISHABLE_KEY") or "pk_test_standin"
    hooks.start()
    # shutdown() waits for the loop below, so it is called from another thread.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: threading.Thread(target=server.shutdown).start())
    print(f"listening on http://127.0.0.1:{server.server_address[1]}", flush=True)
    server.serve_forever()
    hooks.stop()
    store.close()


if __name__ == "__main__":
    main()
