"""The HTTP face: routes, keys, idempotency, CORS."""
import base64
import hmac
import json
import os
import secrets
import urllib.parse
from http.server import BaseHTTPRequestHandler

import intents
from intents import ApiError

BODY_MOST = 1 << 20
SCRIPT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "stripe.js")


def same(a, b):
    return hmac.compare_digest(a.encode(), b.encode())


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version = "StripeStandIn/1"
    timeout = 60

    def log_message(self, *_):
        """Silent: request lines may hold client secrets."""

    # ---- answers ----

    def reply(self, status, body, kind="application/json", headers=()):
        data = body if isinstance(body, bytes) else json.dumps(body, indent=2).encode()
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(data)))
        self.send_header("Request-Id", "req_" + secrets.token_hex(7))
        self.send_header("Access-Control-Allow-Origin", "*")
        self.send_header("Access-Control-Expose-Headers", "Request-Id, Idempotent-Replayed")
        for name, value in headers:
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)

    def do_OPTIONS(self):
        self.reply(200, b"", "text/plain", [("Access-Control-Allow-Methods", "GET, POST, DELETE"),
                                            ("Access-Control-Allow-Headers", "Authorization, Content-Type, Idempotency-Key, "
                                             "Stripe-Version"), ("Access-Control-Max-Age", "300")])

    def do_GET(self):
        self.serve("GET")

    do_HEAD = do_GET

    def do_POST(self):
        self.serve("POST")

    def serve(self, method):
        try:
            self.route(method)
        except ApiError as e:
            self.reply(e.status, e.body)
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True

    # ---- requests ----

    def form(self):
        try:
            length = int(self.headers.get("Content-Length") or 0)
        except ValueError:
            length = -1
        if not 0 <= length <= BODY_MOST:
            self.close_connection = True
            raise ApiError(400, "invalid_request_error", "The request's body is too large or of no known length.")
        body = self.rfile.read(length)
        try:
            pairs = urllib.parse.parse_qsl(body.decode(), keep_blank_values=True, strict_parsing=bool(body), max_num_fields=200)
        except (UnicodeDecodeError, ValueError) as e:
            raise intents.invalid("The request's body is no form.") from e
        return dict(pairs)

    def key(self):
        """The API key of the Authorization header: Bearer, or Basic with the key as user."""
        kind, _, rest = (self.headers.get("Authorization") or "").partition(" ")
        if kind.lower() == "bearer":
            return rest.strip()
        if kind.lower() == "basic":
            try:
                return base64.b64decode(rest, validate=True).decode().partition(":")[0]
            except ValueError:
                return ""
        return ""

    def need_secret_key(self):
        key = self.key()
        if not key:
            raise ApiError(401, "invalid_request_error", "You did not provide an API key.")
        if not same(key, self.server.secret_key):
            raise ApiError(401, "invalid_request_error", f"Invalid API Key provided: {key[:8]}****")

    def need_either_key(self, intent, form):
        """The secret key; or, from a browser, the publishable key and this payment's client secret."""
        key = self.key() or form.pop("key", "")
        secret = form.pop("client_secret", "")
        if key and same(key, self.server.publishable_key):
            if intent is None or not same(secret, intent["client_secret"]):
                raise intents.invalid("The client_secret provided does not match any associated PaymentIntent.", "client_secret",
                                      "payment_intent_invalid_parameter")
            return
        if not key or not same(key, self.server.secret_key):
            raise ApiError(401, "invalid_request_error", "Invalid API Key provided.")

    def route(self, method):
        url = urllib.parse.urlsplit(self.path)
        parts = [urllib.parse.unquote(p) for p in url.path.split("/") if p]
        query = dict(urllib.parse.parse_qsl(url.query, max_num_fields=50))
        form = self.form() if method == "POST" else query
        if parts == ["healthz"]:
            return self.reply(200, b"ok\n", "text/plain")
        if parts[:1] == ["v3"] and len(parts) == 1 and method == "GET":
            with open(SCRIPT, "rb") as f:
                return self.reply(200, f.read(), "text/javascript; charset=utf-8", [("Cache-Control", "no-cache")])
        if parts[:2] == ["v1", "payment_intents"] and len(parts) <= 4:
            return self.payment_intents(method, parts[2:], form)
        if parts[:2] == ["v1", "events"] and len(parts) <= 3 and method == "GET":
            return self.events(parts[2:], form)
        raise ApiError(404, "invalid_request_error", f"Unrecognized request URL ({method}: {url.path[:100]}).")

    def listing(self, kind, url, form):
        limit = form.get("limit", "10")
        if not limit.isdigit() or not 1 <= int(limit) <= 100:
            raise intents.invalid("This value must be between 1 and 100.", "limit", "parameter_invalid_integer")
        found, more = self.server.store.newest(kind, int(limit), form.get("starting_after"))
        self.reply(200, {"object": "list", "url": url, "has_more": more, "data": found})

    def events(self, rest, form):
        self.need_secret_key()
        if not rest:
            return self.listing("event", "/v1/events", form)
        event = self.server.store.get(rest[0])
        if not event or event["object"] != "event":
            raise ApiError(404, "invalid_request_error", f"No such event: '{rest[0][:80]}'", "resource_missing", "id")
        return self.reply(200, event)

    def payment_intents(self, method, rest, form):
        intent = self.server.store.get(rest[0]) if rest else None
        if rest and (intent is None or intent["object"] != "payment_intent"):
            self.key() or self.need_secret_key()
            raise ApiError(404, "invalid_request_error", f"No such payment_intent: '{rest[0][:80]}'", "resource_missing", "intent")
        verb = rest[1] if len(rest) == 2 else None
        if method == "GET" and not verb:
            if not rest:
                self.need_secret_key()
                return self.listing("payment_intent", "/v1/payment_intents", form)
            self.need_either_key(intent, form)
            return self.reply(200, intent)
        if method == "POST" and (not rest or verb in ("confirm", "cancel", "standin_3ds")):
            if verb in ("confirm", "standin_3ds"):
                self.need_either_key(intent, form)
            else:
                self.need_secret_key()
            return self.once(form, lambda: self.change(rest, verb, form))
        raise ApiError(404, "invalid_request_error", "Unrecognized request URL.")

    # ---- changes ----

    def once(self, form, change):
        """Runs a change in one transaction with its events and, under an Idempotency-Key, its answer
        (docs.stripe.com/api/idempotent_requests): status and body of the first request stand, whatever they were, but requests that
        were refused before they began are not kept."""
        key = self.headers.get("Idempotency-Key")
        if key is not None and not 1 <= len(key) <= 255:
            raise ApiError(400, "idempotency_error", "Idempotency keys have 1 to 255 characters.")
        request = json.dumps([urllib.parse.urlsplit(self.path).path, sorted(form.items())])
        with self.server.store as store:
            known = store.answer_of(key) if key else None
            if known:
                if known[0] != request:
                    raise ApiError(400, "idempotency_error", "Keys for idempotent requests can only be used with the same parameters "
                                   f"they were first used with. Try using a key other than '{key[:80]}' if you meant to execute a "
                                   "different request.")
                status, body, headers = known[1], known[2], [("Idempotent-Replayed", "true")]
            else:
                status, answer, keep = change()
                body, headers = json.dumps(answer, indent=2), []
                if key and keep:
                    store.keep_answer(key, request, status, body)
        self.server.hooks.wake.set()
        if key:
            headers.append(("Idempotency-Key", key))
        self.reply(status, body.encode(), headers=headers)

    def change(self, rest, verb, form):
        """Returns (status, answer, whether it began and is to be kept)."""
        store, hooks = self.server.store, self.server.hooks
        try:
            if not rest:
                intent, error = intents.create(form), None
                store.put(intent)
                hooks.emit("payment_intent.created", intent)
                if form.get("confirm") == "true":
                    event, error = intents.confirm(intent, form, self.base())
                    store.put(intent)
                    hooks.emit(event, intent)
            else:
                intent = store.get(rest[0])
                if verb == "cancel":
                    event, error = intents.cancel(intent, form), None
                elif verb == "confirm":
                    event, error = intents.confirm(intent, form, self.base())
                else:
                    event, error = intents.authenticate(intent, form)
                store.put(intent)
                hooks.emit(event, intent)
        except ApiError as e:
            return e.status, e.body, False
        return (error.status, error.body, True) if error else (200, intent, True)

    def base(self):
        return f"http://127.0.0.1:{self.server.server_address[1]}"
