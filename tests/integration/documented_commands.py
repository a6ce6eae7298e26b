"""Runs the commands that the pages tell people to type, against a daemon that has what they ask for and a simulated
Outreach."""

import json
import os
import shlex
import subprocess

from admin_daemon import Daemon, body, until
from outreach_sandbox import Sandbox

# What can't be run here: these need a browser, a host of that name, or are the daemon itself.
LEFT_OUT = ("auth login", "outreachd:", "sandbox", "send --url", "serve")
# On a terminal they ask; elsewhere they have to be told, as the pages say.
ASKING = ("bulk", "webhooks apply")
# A page that names a command only, and says the rest in words.
SHORTENED = {"backfill": "backfill --since 2h", "events show": "events show ID", "send": "send task.completed",
             "dead discard": "dead discard --handler crm"}
# Behind the others, in this order: there is nothing to show afterwards.
LAST = ("backfill", "bulk", "import", "webhooks apply", "events replay", "dead replay", "dead discard ID", "dead discard",
        "quarantine recheck", "quarantine discard")


class Place:
    """A daemon with an event done, one dead, and a request in quarantine."""

    def __init__(self, program):
        self.program = os.path.abspath(program)
        self.sandbox = Sandbox(program)
        self.sandbox.start()
        # Of which the sandbox has none: a backfill waits half a minute for what was changed only now.
        self.daemon = Daemon(program, more=self.sandbox.settings("mailing.replied"))

    def __enter__(self):
        self.daemon.start()
        self.daemon.send(body("task.completed", number=330021), body("mailing.replied", "mailing"))
        self.daemon.send(body("task.completed", number=1), secret="another secret", status=401)
        self.daemon.settle()
        until(lambda: self.daemon.read("/api/quarantine"), "the request is in quarantine")
        for number in range(18):
            self.sandbox.make("prospects", "prospect", firstName=f"Prospect {number}")
        (self.daemon.directory / "companies.csv").write_text("Company\nACME\n")
        return self

    def __exit__(self, *_):
        self.daemon.__exit__()
        self.sandbox.stop()

    def run(self, words):
        return subprocess.run([self.program, *words], capture_output=True, text=True, check=False, timeout=60,
                              stdin=subprocess.DEVNULL, cwd=self.daemon.directory,
                              env={**os.environ, "OUTREACHD_CONFIG": str(self.daemon.directory / "outreachd.yaml")})

    def id_for(self, words):
        """Of something that the command can be about; a delivery that was replayed is dead again in a moment."""
        listed = until(lambda: json.loads(self.run([words[0], "list", "--json"]).stdout), f"{words[0]} list has one")
        return listed[0]["id"]


def typed(line):
    """With what a reader would put in place of what is meant to be replaced, but for ids."""
    line = line.strip().rstrip("\\")
    line = SHORTENED.get(line, line)
    given = {"NAME": "task.completed" if line.startswith("send") else "crm", "T": "2h", "H": "crm"}
    words = [given.get(word, word) for word in shlex.split(line)]
    return shlex.join(words + ["--yes"] * line.startswith(ASKING))


def problems_of(program, lines):
    """What fails of the commands, and how many were run."""
    lines = sorted({typed(line) for line in lines if not line.startswith(LEFT_OUT)},
                   key=lambda line: (next((at for at, one in enumerate(LAST, 1) if line.startswith(one)), 0), line))
    found = []
    with Place(program) as place:
        for line in lines:
            words = shlex.split(line)
            words = [place.id_for(words) if word == "ID" else word for word in words]
            ended = place.run(words)
            # 2: something would change at Outreach.
            if ended.returncode not in ((2,) if words == ["webhooks", "plan"] else (0,)):
                found.append(f"outreachd {shlex.join(words)}: {ended.returncode}\n{ended.stdout}{ended.stderr}")
    return found, len(lines)
