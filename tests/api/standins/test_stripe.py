"""The stand-in keeps Stripe's rules: by hand here, and as the official client sees it (oracle/)."""
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
import requests

STANDINS = pathlib.Path(__file__).parents[2] / "standins"
sys.path[:0] = [str(STANDINS)]
from ports import free_port  # noqa: E402

HERE = STANDINS / "stripe"
SECRET, PUBLISHABLE = "sk_test_1", "pk_test_1"


class StandIn:
    def __init__(self, folder, *options, port=0, hook_secret="whsec_1"):
        self.folder, self.options, self.port = folder, options, port or free_port()
        self.env = {**os.environ, "NADIR_STRIPE_SECRET_KEY": SECRET, "NADIR_STRIPE_PUBLISHABLE_KEY": PUBLISHABLE,
                    "NADIR_STRIPE_WEBHOOK_SECRET": hook_secret}
        self.start()

    def start(self):
        self.process = subprocess.Popen([sys.executable, str(HERE / "server.py"), "--port", str(self.port), "--state",
                                         str(self.folder), *self.options], stdout=subprocess.PIPE, text=True, env=self.env)
        self.url = self.process.stdout.readline().split()[-1]
        self.port = int(self.url.rsplit(":", 1)[1])

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def post(self, path, data=None, key=SECRET, **headers):
        return requests.post(self.url + path, data=data or {}, timeout=10,
                             headers={"Authorization": f"Bearer {key}", **{k.replace("_", "-"): v for k, v in headers.items()}})

    def get(self, path, key=SECRET):
        return requests.get(self.url + path, headers={"Authorization": f"Bearer {key}"}, timeout=10)

    def intent(self, **more):
        answer = self.post("/v1/payment_intents", {"amount": 1000, "currency": "eur", **more})
        assert answer.status_code == 200, answer.text
        return answer.json()

    def browser(self, intent, number, verb="confirm", **more):
        card = {"payment_method_data[type]": "card", "payment_method_data[card][number]": number,
                "payment_method_data[card][exp_month]": "12", "payment_method_data[card][exp_year]": "40",
                "payment_method_data[card][cvc]": "123"}
        return requests.post(f"{self.url}/v1/payment_intents/{intent['id']}/{verb}", timeout=10,
                             data={"key": PUBLISHABLE, "client_secret": intent["client_secret"], **card, **more})


@pytest.fixture
def standin(tmp_path):
    s = StandIn(tmp_path)
    yield s
    s.kill()


def test_keys(standin):
    assert standin.get("/v1/payment_intents", key="sk_test_2").status_code == 401
    assert requests.get(standin.url + "/v1/payment_intents", timeout=10).status_code == 401
    assert requests.get(standin.url + "/v1/payment_intents", auth=(SECRET, ""), timeout=10).status_code == 200
    assert standin.post("/v1/payment_intents", {"amount": 1000, "currency": "eur"}, key=PUBLISHABLE).status_code == 401


def test_a_browser_needs_the_client_secret(standin):
    mine, other = standin.intent(), standin.intent()
    stolen = {**mine, "client_secret": other["client_secret"]}
    assert standin.browser(stolen, "4242424242424242").status_code == 400
    assert standin.get(f"/v1/payment_intents/{mine['id']}").json()["status"] == "requires_payment_method"
    assert standin.browser(mine, "4242 4242 4242 4242").json()["status"] == "succeeded"


@pytest.mark.parametrize("number, code", [("4000000000000002", "card_declined"), ("4000000000000069", "expired_card"),
                                          ("4242424242424241", "incorrect_number"), ("4111111111111111", "card_declined")])
def test_declines(standin, number, code):
    intent = standin.intent()
    answer = standin.browser(intent, number)
    assert (answer.status_code, answer.json()["error"]["code"]) == (402, code)
    assert standin.get(f"/v1/payment_intents/{intent['id']}").json()["amount_received"] == 0
    assert standin.browser(intent, "4242424242424242").json()["status"] == "succeeded"


@pytest.mark.parametrize("outcome, status", [("succeed", "succeeded"), ("fail", "requires_payment_method")])
def test_three_d_secure(standin, outcome, status):
    intent = standin.intent()
    assert standin.browser(intent, "4000002760003184").json()["status"] == "requires_action"
    assert standin.browser(intent, "", "standin_3ds", outcome=outcome).json()["status"] == status


@pytest.mark.parametrize("form, param", [({"currency": "eur"}, "amount"), ({"amount": "x", "currency": "eur"}, "amount"),
                                         ({"amount": "49", "currency": "eur"}, "amount"), ({"amount": "100"}, "currency"),
                                         ({"amount": "100", "currency": "zzz"}, "currency"),
                                         ({"amount": "100", "currency": "eur", "colour": "red"}, "colour")])
def test_bad_parameters(standin, form, param):
    answer = standin.post("/v1/payment_intents", form)
    assert answer.status_code == 400
    assert answer.json()["error"]["type"] == "invalid_request_error"
    assert answer.json()["error"]["param"] == param


def test_idempotency(standin):
    form = {"amount": 700, "currency": "eur"}
    first = standin.post("/v1/payment_intents", form, Idempotency_Key="k")
    second = standin.post("/v1/payment_intents", form, Idempotency_Key="k")
    assert first.content == second.content
    assert "Idempotent-Replayed" not in first.headers and second.headers["Idempotent-Replayed"] == "true"
    other = standin.post("/v1/payment_intents", {**form, "amount": 701}, Idempotency_Key="k")
    assert (other.status_code, other.json()["error"]["type"]) == (400, "idempotency_error")
    assert len(standin.get("/v1/payment_intents").json()["data"]) == 1


def test_what_was_answered_survives_a_kill(standin):
    form = {"amount": 700, "currency": "eur"}
    intent = standin.post("/v1/payment_intents", form, Idempotency_Key="k").json()
    standin.browser(intent, "4242424242424242")
    standin.kill()
    standin.start()
    assert standin.get(f"/v1/payment_intents/{intent['id']}").json()["status"] == "succeeded"
    assert standin.post("/v1/payment_intents", form, Idempotency_Key="k").json()["id"] == intent["id"]


class Hook(BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.got.append((json.loads(body), self.headers["Stripe-Signature"], body))
        self.send_response(500 if len(self.server.got) <= self.server.fail else 200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


def hook_server(fail=0):
    server = HTTPServer(("127.0.0.1", 0), Hook)
    server.got, server.fail = [], fail
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


def until(condition, seconds=30):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.05)


def test_events_are_sent_until_they_are_taken(tmp_path):
    server = hook_server(fail=2)
    s = StandIn(tmp_path, "--webhook-url", f"http://127.0.0.1:{server.server_address[1]}/", "--retry-seconds", "0.2")
    try:
        intent = s.intent()
        until(lambda: len(server.got) >= 3)
        assert {g[0]["id"] for g in server.got} == {server.got[0][0]["id"]}
        assert server.got[0][0]["data"]["object"]["id"] == intent["id"]
        sys.path.insert(0, str(HERE))
        from webhooks import signature
        event, header, body = server.got[-1]
        assert signature("whsec_1", body, header.split(",")[0][2:]) == header
    finally:
        s.kill()
        server.shutdown()


def test_duplicates(tmp_path):
    server = hook_server()
    s = StandIn(tmp_path, "--webhook-url", f"http://127.0.0.1:{server.server_address[1]}/", "--duplicates", "2")
    try:
        s.intent()
        until(lambda: len(server.got) == 3)
        assert len({g[0]["id"] for g in server.got}) == 1
    finally:
        s.kill()
        server.shutdown()


def test_browser_script_is_served(standin):
    answer = requests.get(standin.url + "/v3/", timeout=10)
    assert answer.headers["Content-Type"].startswith("text/javascript")
    assert "window.Stripe" in answer.text


def oracle():
    """The official client, installed on first use; npm is needed for that."""
    folder = HERE / "oracle"
    if not (folder / "node_modules" / "stripe").is_dir():
        npm = shutil.which("npm")
        if not npm or subprocess.run([npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund"], cwd=folder, capture_output=True,
                                     timeout=300, check=False).returncode:
            pytest.skip("npm cannot install the official client")
    return folder


def test_official_client_agrees(tmp_path):
    folder, port = oracle(), free_port()
    s = StandIn(tmp_path, "--webhook-url", f"http://127.0.0.1:{port + 1}/", port=port, hook_secret="whsec_oracle")
    try:
        run = subprocess.run(["node", "oracle.mjs", str(port), SECRET], cwd=folder, capture_output=True, text=True, timeout=60,
                             check=False)
        assert run.returncode == 0, run.stdout + run.stderr
        assert run.stdout.count('"ok"') == 9
    finally:
        s.kill()
