"""The built program in a directory of its own, with events sent to it, for the tests of its admin port.

Its configuration has a handler for each state that a delivery can be in: `archive` does what it gets, `crm`
fails for good until `mend` is called, `later` wants to be asked again.
"""

import hashlib
import hmac
import http.client
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import tempfile
import time

SECRET = "a secret of the tests"
PATIENCE = 30

CONFIGURATION = """
listen: {{address: 127.0.0.1, port: {port}, tls: off}}
endpoints:
  - {{path: /webhooks/outreach, secrets: [{{file: {directory}/secret}}]}}
store: {{directory: {directory}/store}}
queue: {queue}
handlers:
  archive: {{type: file, path: {directory}/events.jsonl}}
  crm:
    type: exec
    command: [/bin/sh, -c, "test -e {directory}/mended || {{ echo the crm has no such task >&2; exit 3; }}"]
    dead_on: [3]
    ordering: none
  later: {{type: exec, command: [/bin/sh, -c, exit 75], retry: {{initial: 10m}}}}
routes:
  - {{match: "task.*", to: [archive, crm]}}
  - {{match: "mailing.*", to: [archive]}}
  - {{match: "prospect.*", to: [later]}}
admin: {{port: {admin_port}{token}}}
log: {{level: warn}}
{more}"""


def free_port():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]


def until(condition, what, patience=PATIENCE):
    """The condition's value, once it is true."""
    deadline = time.monotonic() + patience
    while True:
        found = condition()
        if found:
            return found
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {patience} s: {what}")
        time.sleep(0.05)


def end(process):
    """Asks a process, if there is one, for its end and waits for it; gives what is left: None."""
    if process is not None:
        process.terminate()
        process.wait(PATIENCE)


def body(name, kind="task", number=1, **attributes):
    return json.dumps({"data": {"type": kind, "id": number, "attributes": attributes},
                       "meta": {"eventName": name, "deliveredAt": "2026-01-02T03:04:05.678Z", "jobId": "job-1"}},
                      ensure_ascii=False).encode()


class Daemon:
    def __init__(self, program, token=None, queue="{type: embedded}", more=""):
        self.program = program
        self.token = token
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="outreachd-test-", dir="/var/tmp"))
        self.port, self.admin_port = free_port(), free_port()
        self.process = None
        self.set_secret(SECRET)
        if token is not None:
            (self.directory / "token").write_text(token)
        (self.directory / "outreachd.yaml").write_text(CONFIGURATION.format(
            directory=self.directory, port=self.port, admin_port=self.admin_port, queue=queue, more=more,
            token=f", token: {{file: {self.directory}/token}}" if token else ""))

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.stop()
        shutil.rmtree(self.directory)

    @property
    def url(self):
        return f"http://localhost:{self.admin_port}"

    def start(self):
        with (self.directory / "log").open("a") as log:
            self.process = subprocess.Popen([self.program, "serve", "-c", self.directory / "outreachd.yaml"],
                                            stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        until(self.is_ready, "the daemon is ready")

    def is_ready(self):
        if self.process.poll() is not None:
            raise AssertionError("the daemon has ended:\n" + (self.directory / "log").read_text())
        try:
            return self.ask("GET", "/readyz")[0] == 200
        except OSError:
            return False

    def stop(self):
        self.process = end(self.process)

    def set_secret(self, secret):
        (self.directory / "secret").write_text(secret)

    def reload(self):
        os.kill(self.process.pid, signal.SIGHUP)

    def mend(self, is_mended=True):
        if is_mended:
            (self.directory / "mended").touch()
        else:
            (self.directory / "mended").unlink(missing_ok=True)

    def ask(self, method, path, headers=None, text=None):
        """Status, headers, body of the admin port's answer."""
        connection = http.client.HTTPConnection("127.0.0.1", self.admin_port, timeout=PATIENCE)
        try:
            given = {"Authorization": f"Bearer {self.token}".encode()} if self.token is not None else {}
            connection.request(method, path, text, given | (headers or {}))
            answer = connection.getresponse()
            return answer.status, answer.headers, answer.read().decode()
        finally:
            connection.close()

    def read(self, path):
        status, _, text = self.ask("GET", path)
        if status != 200:
            raise AssertionError(f"{path}: {status} {text}")
        return json.loads(text)

    def send(self, *bodies, secret=SECRET, status=200, headers=None):
        """Signed events, on one connection."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        for each in bodies:
            signature = hmac.new(secret.encode(), each, hashlib.sha256).hexdigest()
            connection.request("POST", "/webhooks/outreach", each,
                               {"Content-Type": "application/json", "Outreach-Webhook-Signature": signature}
                               | (headers or {}))
            answer = connection.getresponse()
            answer.read()
            if answer.status != status:
                raise AssertionError(f"answered {answer.status}, not {status}")
        connection.close()

    def event(self, body_wanted):
        """The story of the event with that body."""
        for each in self.read("/api/events?limit=1000"):
            story = self.read(f"/api/events/{each['id']}")
            if story.get("body") == body_wanted.decode():
                return story
        raise AssertionError("there is no such event")

    def settle(self):
        """Waits until each delivery is done, dead or set back for long."""
        def is_settled():
            # An event that no route has been looked for yet is no handler's.
            if not all(each["deliveries"] for each in self.read("/api/events?state=pending&limit=1000")):
                return False
            handlers = self.read("/api/status")["handlers"].values()
            return all(each["pending"] + each["running"] == 0 for each in handlers)

        until(is_settled, "all deliveries are begun and ended")
