"""A mail server for tests: takes every message on 127.0.0.1 and keeps it as a file; prints the port it listens on.

    server.py --folder DIR [--login USER:PASSWORD] [--refuse ADDRESS] [--busy ADDRESS] [--most N]

A message becomes DIR/<n>.eml, its envelope DIR/<n>.json, and the port that it came from DIR/<n>.port. --login: nobody may send without it; --refuse: 550 for that recipient;
--busy: 451 for it; --most: 421 to whoever wants to send more by one connection. It ends when its standard input is closed.
"""
import argparse
import json
import pathlib
import sys

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult

sys.path[:0] = [str(pathlib.Path(__file__).parents[1])]
from ports import free_port  # noqa: E402


class Keeper:
    def __init__(self, options):
        self.options, self.count = options, 0

    async def handle_MAIL(self, server, session, envelope, address, options):
        session.sent = getattr(session, "sent", 0) + 1
        if session.sent > self.options.most:
            return "421 4.7.0 Enough for one connection"
        envelope.mail_from = address
        return "250 OK"

    async def handle_RCPT(self, server, session, envelope, address, options):
        if address == self.options.refuse:
            return "550 5.1.1 No such mailbox"
        if address == self.options.busy:
            return "451 4.3.0 Try again later"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        self.count += 1
        base = pathlib.Path(self.options.folder) / str(self.count)
        base.with_suffix(".json").write_text(json.dumps({"from": envelope.mail_from, "to": envelope.rcpt_tos}))
        base.with_suffix(".port").write_text(str(session.peer[1]))
        base.with_suffix(".eml.new").write_bytes(envelope.original_content)
        base.with_suffix(".eml.new").rename(base.with_suffix(".eml"))
        return "250 Kept"


class Server(Controller):
    def factory(self):
        login = self.handler.options.login

        def check(server, session, envelope, mechanism, data):
            given = f"{data.login.decode()}:{data.password.decode()}"
            return AuthResult(success=given == login, handled=False)

        if not login:
            return SMTP(self.handler)
        return SMTP(self.handler, authenticator=check, auth_required=True, auth_require_tls=False)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--folder", required=True)
    parser.add_argument("--login")
    parser.add_argument("--refuse")
    parser.add_argument("--busy")
    parser.add_argument("--most", type=int, default=1000)
    options = parser.parse_args()
    server = Server(Keeper(options), hostname="127.0.0.1", port=0)
    server.port = free_port()
    server.start()
    print(server.server.sockets[0].getsockname()[1], flush=True)
    sys.stdin.read()
    server.stop()


main()
