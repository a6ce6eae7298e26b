"""The simulated Outreach of the built program, for tests that need one beside the daemon."""

import http.client
import json
import subprocess

from admin_daemon import PATIENCE, end, free_port, until

# Nobody resolves it: Outreach suspends what leads there.
WEBHOOK_URL = "https://nowhere.invalid/webhooks/outreach"
WEBHOOK_SECRET = "what the webhooks sign with"


class Sandbox:
    def __init__(self, program):
        self.program = program
        self.port = free_port()
        self.process = None

    def start(self):
        self.process = subprocess.Popen([self.program, "sandbox", "--port", str(self.port)], stdin=subprocess.DEVNULL,
                                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        until(self.is_there, "the sandbox answers")

    def is_there(self):
        if self.process.poll() is not None:
            raise AssertionError("the sandbox has ended")
        try:
            return self.ask("GET", "/sandbox/requests") is not None
        except OSError:
            return False

    def stop(self):
        self.process = end(self.process)

    def settings(self, *events):
        """What the daemon's configuration says of Outreach."""
        return (f"outreach: {{base_url: 'http://127.0.0.1:{self.port}/api/v2', auth: {{type: token, token: sandbox-token}}}}\n"
                f"webhooks: {{url: '{WEBHOOK_URL}', subscribe: {json.dumps(events)}}}\n")

    def ask(self, method, path, given=None):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        try:
            connection.request(method, path, None if given is None else json.dumps(given),
                               {"Authorization": "Bearer sandbox-token", "Content-Type": "application/vnd.api+json"})
            answer = connection.getresponse()
            text = answer.read().decode()
        finally:
            connection.close()
        if answer.status >= 300:
            raise AssertionError(f"{method} {path}: {answer.status} {text}")
        return json.loads(text) if text else {}

    def make(self, plural, kind, **attributes):
        """The id of a new record."""
        return self.ask("POST", f"/api/v2/{plural}", {"data": {"type": kind, "attributes": attributes}})["data"]["id"]

    def make_webhook(self, resource, action, url=WEBHOOK_URL):
        return self.make("webhooks", "webhook", url=url, resource=resource, action=action, secret=WEBHOOK_SECRET)

    def suspend_webhook(self, resource, action):
        """Makes a webhook, and `resource` created, of which it can't tell anybody."""
        made = self.make_webhook(resource, action)
        self.make(f"{resource}s", resource, name="of a test")
        until(lambda: self.ask("GET", f"/api/v2/webhooks/{made}")["data"]["attributes"]["disabledReason"], "it is suspended")
        return made

    def fault(self, **told):
        """What goes wrong from now on; see the manual's part on the sandbox."""
        self.ask("POST", "/sandbox/faults", told)
