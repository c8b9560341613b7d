"""Events, signed and sent until they are taken (docs.stripe.com/webhooks)."""
import hashlib
import hmac
import http.client
import json
import random
import secrets
import threading
import time
import urllib.error
import urllib.request

TRIES = 20
LONGEST_PAUSE = 600.0


def signature(secret, body, now=None):
    """The Stripe-Signature header of a body."""
    t = int(now if now is not None else time.time())
    mac = hmac.new(secret.encode(), f"{t}.".encode() + body, hashlib.sha256).hexdigest()
    return f"t={t},v1={mac}"


class Webhooks:
    def __init__(self, store, url, secret, duplicates=0, shuffle=False, first_pause=1.0):
        self.store, self.url, self.secret = store, url, secret
        self.duplicates, self.shuffle, self.first_pause = duplicates, shuffle, first_pause
        self.wake, self.ended = threading.Event(), False
        self.thread = threading.Thread(target=self.run, daemon=True)

    def start(self):
        self.thread.start()

    def stop(self):
        self.ended = True
        self.wake.set()
        self.thread.join(timeout=10)

    def emit(self, kind, body):
        """Makes an event within the store's transaction."""
        event = {"id": "evt_" + secrets.token_hex(12), "object": "event", "api_version": "2024-06-20", "created": int(time.time()),
                 "data": {"object": body}, "livemode": False, "pending_webhooks": 1 if self.url else 0,
                 "request": {"id": None, "idempotency_key": None}, "type": kind}
        self.store.put(event)
        if self.url:
            self.store.queue(event, time.time())

    def run(self):
        while not self.ended:
            self.wake.wait(0.2)
            self.wake.clear()
            rows = self.store.due(time.time())
            if self.shuffle:
                random.shuffle(rows)
            for event_id, tries in rows:
                if self.ended:
                    return
                self.deliver(event_id, tries)

    def deliver(self, event_id, tries):
        body = json.dumps(self.store.get(event_id)).encode()
        taken = all([self.send(body) for _ in range(1 + self.duplicates)])
        if taken or tries + 1 >= TRIES:
            self.store.delivered(event_id)
        else:
            pause = min(self.first_pause * 2 ** tries, LONGEST_PAUSE)
            self.store.delayed(event_id, time.time() + pause * random.uniform(0.8, 1.2))

    def send(self, body):
        request = urllib.request.Request(self.url, data=body, method="POST", headers={
            "Content-Type": "application/json; charset=utf-8", "Stripe-Signature": signature(self.secret, body),
            "User-Agent": "Stripe/1.0 (+https://stripe.com/docs/webhooks)"})
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                return 200 <= answer.status < 300
        except (urllib.error.URLError, http.client.HTTPException, OSError):
            return False
