#!/usr/bin/python3 -B
"""The whole round that README.md describes, with the built program alone: a simulated Outreach, a login, webhooks, a change
there, its event here, and the task that a handler makes of it. And no secret that there was is to be read anywhere.

usage: outreach_round_test.py PROGRAM
"""

import http.client
import http.server
import json
import os
import pathlib
import re
import subprocess
import sys
import threading
import unittest
import urllib.parse

from admin_daemon import PATIENCE, Daemon, end, free_port, until

README = (pathlib.Path(__file__).resolve().parents[2] / "README.md").read_text(encoding="utf-8")
CLIENT_SECRET = "sandbox-secret"
WEBHOOK_SECRET = "planted-webhook-secret-5b1f"
ADMIN_TOKEN = "planted-admin-token-90cc"
TAPPED = ("/oauth/token", "/api/v2/webhooks")

# Of a new prospect `call-them` makes a task; `refused` is dead, and its last answer is what it had asked with.
CONFIGURATION = """
outreach:
  base_url: http://127.0.0.1:{tap}/api/v2
  auth:
    type: oauth
    client_id: sandbox-client
    client_secret: {{file: {directory}/client_secret}}
    scopes: [prospects.all, tasks.all, webhooks.all]
webhooks:
  url: http://127.0.0.1:{port}/webhooks/outreach
  subscribe: [prospect.created, task.created]
"""
HANDLERS = """
handlers:
  archive: {{type: file, path: {directory}/events.jsonl}}
  program: {{type: exec, command: [/bin/sh, -c, "env >>{directory}/environment"]}}
  call-them:
    type: outreach
    steps:
      - name: prospect
        get: /prospects/${{{{ .data.id }}}}
      - post: /tasks
        body:
          data:
            type: task
            attributes: {{action: call, note: "Call ${{{{ $steps.prospect.data.attributes.firstName }}}}"}}
            relationships: {{prospect: {{data: {{type: prospect, id: "${{{{ .data.id }}}}"}}}}}}
  refused: {{type: outreach, steps: [{{get: /echo}}]}}
routes:
  - {{match: "*", to: [archive, program]}}
  - {{match: prospect.created, to: [call-them, refused]}}
"""


class Tap(http.server.ThreadingHTTPServer):
    """Between the program and the sandbox: passes all on, and remembers what it saw. What is asked of /echo it refuses
    with the request's own headers."""

    daemon_threads = True

    def __init__(self, port, behind):
        super().__init__(("127.0.0.1", port), TapHandler)
        self.behind = behind
        self.bearers = set()
        self.codes = set()
        self.answers = []
        threading.Thread(target=self.serve_forever, daemon=True).start()


class TapHandler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def pass_on(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        bearer = self.headers.get("Authorization", "").removeprefix("Bearer ")
        if bearer:
            self.server.bearers.add(bearer)
        if self.path == "/api/v2/echo":
            return self.reply(400, [("Content-Type", "text/plain")], str(self.headers).encode())
        connection = http.client.HTTPConnection("127.0.0.1", self.server.behind, timeout=PATIENCE)
        try:
            connection.request(self.command, self.path, body, {name: value for name, value in self.headers.items()
                                                               if name.lower() not in ("host", "connection")})
            answer = connection.getresponse()
            text = answer.read()
        finally:
            connection.close()
        if self.path.startswith(TAPPED) and text.startswith(b"{"):
            self.server.answers.append(json.loads(text))
        self.server.codes.update(urllib.parse.parse_qs(body.decode("utf-8", "replace")).get("code", []))
        return self.reply(answer.status, [(name, value) for name, value in answer.getheaders()
                                          if name.lower() not in ("content-length", "connection")], text)

    def reply(self, status, headers, body):
        self.send_response_only(status)
        for name, value in headers:
            self.send_header(name, value)
        if status != 204:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if status != 204:
            self.wfile.write(body)

    do_GET = do_POST = do_PATCH = do_DELETE = pass_on


def visit(url):
    """What a browser would be sent on to."""
    parts = urllib.parse.urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=PATIENCE)
    try:
        connection.request("GET", f"{parts.path}?{parts.query}")
        answer = connection.getresponse()
        answer.read()
        return answer.getheader("Location")
    finally:
        connection.close()


def members(of, *names):
    """The texts under any of these names, however deep."""
    if isinstance(of, dict):
        for name, value in of.items():
            if name in names and isinstance(value, str):
                yield value
            yield from members(value, *names)
    elif isinstance(of, list):
        for each in of:
            yield from members(each, *names)


def command_lines():
    """Of every process there is."""
    for each in pathlib.Path("/proc").glob("[0-9]*/cmdline"):
        try:
            yield each.read_bytes().replace(b"\0", b" ").decode("utf-8", "replace")
        except OSError:
            pass  # it has ended


class Round(unittest.TestCase):
    def setUp(self):
        self.sandbox_port, tap_port = free_port(), free_port()
        self.tap = Tap(tap_port, self.sandbox_port)
        self.addCleanup(self.tap.server_close)
        self.addCleanup(self.tap.shutdown)
        self.daemon = Daemon(self.program, token=ADMIN_TOKEN, more=CONFIGURATION.format(
            tap=tap_port, directory="DIRECTORY", port="PORT"))
        config = self.daemon.directory / "outreachd.yaml"
        text = config.read_text().replace("DIRECTORY", str(self.daemon.directory)).replace("PORT", str(self.daemon.port))
        before, _, rest = text.partition("handlers:")
        config.write_text(before + HANDLERS.format(directory=self.daemon.directory).lstrip() + "admin:"
                          + rest.partition("admin:")[2].replace("level: warn", "level: debug"))
        self.daemon.set_secret(WEBHOOK_SECRET)
        (self.daemon.directory / "client_secret").write_text(CLIENT_SECRET + "\n")
        self.config = str(config)
        self.told = {}  # What could be read, by where.
        self.sandbox = subprocess.Popen([self.program, "sandbox", "--port", str(self.sandbox_port), "--grant-interval", "1s"],
                                        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.addCleanup(end, self.sandbox)
        until(self.sandbox_answers, "the sandbox answers")

    def sandbox_answers(self):
        self.assertIsNone(self.sandbox.poll(), "the sandbox has ended")
        try:
            return visit(f"http://127.0.0.1:{self.sandbox_port}/sandbox/requests?") is None
        except OSError:
            return False

    def run_documented(self, *words, is_documented=True, code=0):
        """A command that README.md names, with these options."""
        if is_documented:
            self.assertIn(" ".join(["outreachd", *words[:2]]), README)
        ran = subprocess.run([self.program, *words, "-c", self.config], stdin=subprocess.DEVNULL, capture_output=True,
                             text=True, timeout=PATIENCE)
        self.told[" ".join(words)] = ran.stdout + ran.stderr
        self.assertEqual(ran.returncode, code, (words, ran.stdout, ran.stderr))
        return ran.stdout

    def log_in(self):
        self.assertIn("outreachd auth login", README)
        login = subprocess.Popen([self.program, "auth", "login", "--no-browser", "-c", self.config],
                                 stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        said = ""
        while not (found := re.search(r"http://\S+/oauth/authorize\?\S+", said)):
            line = login.stdout.readline()
            self.assertTrue(line, said)
            said += line
        self.told["process lists during the login"] = "\n".join(command_lines())
        back = visit(found[0])
        code = urllib.parse.parse_qs(urllib.parse.urlsplit(back).query)["code"][0]
        visit(back)
        rest, _ = login.communicate(timeout=PATIENCE)
        self.told["auth login"] = said + rest
        self.assertEqual(login.returncode, 0, said + rest)
        return code

    def events(self):
        path = self.daemon.directory / "events.jsonl"
        return [json.loads(line)["name"] for line in path.read_text().splitlines()] if path.exists() else []

    def test_the_documented_round_tells_no_secret(self):
        with self.daemon:
            code = self.log_in()
            self.run_documented("webhooks", "plan", code=2)
            self.run_documented("webhooks", "apply", "--yes")
            made = self.run_documented("api", "POST", "/prospects", "--data",
                                       '{"data": {"type": "prospect", "attributes": {"firstName": "Ada"}}}', "--jq", ".data.id")
            # Its webhook comes, and that of the task that a handler has made of it.
            until(lambda: sorted(self.events()) == ["prospect.created", "task.created"], "both events have come")
            notes = self.run_documented("api", "GET", "/tasks", "--sort", "-id", "--page-size", "1",
                                        "--jq", ".data[] | {note: .attributes.note, of: .relationships.prospect.data.id}")
            self.assertEqual(json.loads(notes), {"note": "Call Ada", "of": int(made)})
            until(lambda: all(each["state"] in ("done", "dead") for each in self.daemon.read("/api/events")), "all is over")
            self.assertEqual(self.daemon.ask("GET", "/metrics")[2].count("outreachd_unaccounted 0\n"), 1)
            self.run_documented("webhooks", "plan")
            self.run_documented("auth", "status")
            self.look_everywhere()
            secrets = self.secrets(code)
        for where, text in self.told.items():
            for what, secret in secrets.items():
                self.assertNotIn(secret, text, f"{what} is told by {where}")

    def look_everywhere(self):
        """All that people, programs and machines can read of the daemon."""
        for command in [["check"], ["status"], ["status", "--json"], ["auth", "status", "--json"], ["webhooks", "list"],
                        ["webhooks", "list", "--json"], ["webhooks", "plan", "--json"], ["events", "list", "--json"],
                        ["dead", "list"], ["dead", "list", "--json"], ["quarantine", "list", "--json"], ["api", "GET", "/prospects"],
                        ["backfill"]]:
            self.run_documented(*command, is_documented=False)
        self.run_documented("send", "prospect.created", "--dry-run", is_documented=False, code=1)  # of nobody's record
        self.run_documented("api", "POST", "/prospects", "--data", "{}", is_documented=False, code=1)
        self.run_documented("api", "GET", "/echo", is_documented=False, code=1)
        for event in self.daemon.read("/api/events"):
            self.run_documented("events", "show", event["id"], is_documented=False)
            self.run_documented("events", "show", event["id"], "--json", is_documented=False)
            self.told[f"/api/events/{event['id']}"] = self.daemon.ask("GET", f"/api/events/{event['id']}")[2]
        dead = self.daemon.read("/api/dead")
        self.assertEqual([each["handler"] for each in dead], ["refused"])
        shown = self.run_documented("dead", "show", dead[0]["id"], is_documented=False)
        self.assertIn("authorization", shown.lower(), "the server has told what it was asked with")
        self.run_documented("dead", "show", dead[0]["id"], "--json", is_documented=False)
        for path in ["/", "/metrics", "/livez", "/readyz", "/api/status", "/api/configuration", "/api/events", "/api/dead",
                     "/api/quarantine", "/api/backfill", f"/api/dead/{dead[0]['id']}"]:
            status, headers, text = self.daemon.ask("GET", path)
            self.assertEqual(status, 200, path)
            self.told[path] = f"{headers}{text}"
        self.told["process lists"] = "\n".join(command_lines())
        self.assertIn(f"{self.program} serve", self.told["process lists"])
        for name in ["log", "environment", "events.jsonl"]:
            self.told[name] = (self.daemon.directory / name).read_text()
            self.assertTrue(self.told[name], name)

    def secrets(self, code):
        """Those that live, as the files have them and as they went by, by what they are."""
        store = self.daemon.directory / "store"
        tokens = json.loads((store / "outreach-tokens.json").read_text())
        made = json.loads((store / "outreach-webhooks.json").read_text())
        cleanup = list(members(made, "cleanup_token"))
        self.assertEqual(len(cleanup), 2)
        self.assertIn(tokens["access_token"], self.tap.bearers, "what the daemon sends")
        self.assertEqual(self.tap.codes, {code})
        self.assertLessEqual(set(cleanup), set(members(self.tap.answers, "cleanupToken")))
        found = {"the code": code, "the client's secret": CLIENT_SECRET, "the webhooks' secret": WEBHOOK_SECRET,
                 "the admin token": ADMIN_TOKEN, "the access token": tokens["access_token"],
                 "the refresh token": tokens["refresh_token"]}
        found |= {f"bearer {n}": each for n, each in enumerate(self.tap.bearers)}
        found |= {f"token {n}": each for n, each in enumerate(members(self.tap.answers, "access_token", "refresh_token"))}
        found |= {f"cleanup token {n}": each for n, each in enumerate(cleanup)}
        self.assertTrue(all(len(each) > 12 for each in found.values()), found.keys())
        return found


if __name__ == "__main__":
    Round.program = os.path.abspath(sys.argv.pop(1))
    unittest.main()
