#!/usr/bin/python3 -B
"""What systemd and the daemon say to each other, with this program in systemd's place: the socket that is handed over and
outlives restarts, and READY, RELOADING and STOPPING.

usage: check_service.py PROGRAM
"""

import fcntl
import hashlib
import hmac
import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

RESTARTS = 10
SENDERS = 8
SECRET = b"a-secret"

CONFIGURATION = """
listen: {{address: 127.0.0.1, port: 9, tls: off}}
endpoints:
  - path: /webhooks/outreach
    secrets: [{{file: {directory}/secret}}]
store: {{directory: {directory}/store}}
handlers:
  archive: {{type: file, path: {directory}/events.jsonl}}
routes:
  - {{match: "*", to: [archive]}}
admin: {{address: 127.0.0.1, port: {admin}}}
"""


class Service:
    """systemd's part: owns the socket, starts the daemon with it, hears what it notifies."""

    def __init__(self, program, directory):
        self.program = program
        self.directory = directory
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=4096)
        self.port = self.listener.getsockname()[1]
        with socket.create_server(("127.0.0.1", 0)) as probe:
            self.admin = probe.getsockname()[1]
        self.heard = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.heard.bind(f"{directory}/notify")
        self.process = None
        Path(directory, "secret").write_bytes(SECRET)
        os.chmod(f"{directory}/secret", 0o600)
        self.config = f"{directory}/outreachd.yaml"
        Path(self.config).write_text(CONFIGURATION.format(directory=directory, admin=self.admin), encoding="utf-8")

    def start(self):
        # The descriptor is 3 and the process id its own, as sd_listen_fds(3) wants it.
        script = f'exec 3<&{self.listener.fileno()}; LISTEN_PID=$$ LISTEN_FDS=1 exec "$@"'
        with open(f"{self.directory}/log", "ab") as log:
            self.process = subprocess.Popen(
                ["/bin/bash", "-c", script, "bash", self.program, "serve", "-c", self.config], stderr=log,
                pass_fds=[self.listener.fileno()], env={**os.environ, "NOTIFY_SOCKET": f"{self.directory}/notify"})

    def hear(self, wanted, limit=30):
        """The fields of the next notice, which must say `wanted`."""
        self.heard.settimeout(limit)
        try:
            notice = self.heard.recv(4096).decode()
        except socket.timeout:
            notice = "nothing"
        if wanted not in notice.split("\n"):
            raise AssertionError(f"the daemon notified {notice!r}, and not {wanted}")
        return dict(line.split("=", 1) for line in notice.split("\n"))

    def silent_for(self, seconds):
        self.heard.settimeout(seconds)
        try:
            return self.heard.recv(4096).decode()
        except socket.timeout:
            return None

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        self.hear("STOPPING=1")
        status = self.process.wait(timeout=40)
        if status != 0:
            raise AssertionError(f"the daemon ended with {status}")

    def readiness(self):
        try:
            client = http.client.HTTPConnection("127.0.0.1", self.admin, timeout=5)
            client.request("GET", "/readyz")
            return client.getresponse().status
        except OSError:
            return None


def post(port, number):
    """A new connection, a signed event; the status, or what broke."""
    body = json.dumps({"data": {"type": "task", "id": number, "attributes": {}},
                       "meta": {"eventName": "task.updated", "deliveredAt": "2026-01-01T00:00:00Z"}}).encode()
    client = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        client.request("POST", "/webhooks/outreach", body, {
            "Outreach-Webhook-Signature": hmac.new(SECRET, body, hashlib.sha256).hexdigest(),
            "Content-Type": "application/json", "Connection": "close"})
        return client.getresponse().status
    except OSError as error:
        return type(error).__name__
    except http.client.HTTPException as error:
        return type(error).__name__
    finally:
        client.close()


def check_ready_means_ready(service):
    """Not while another process holds the store, and then at once for whoever connects."""
    os.makedirs(f"{service.directory}/store")
    lock = open(f"{service.directory}/store/lock", "w", encoding="utf-8")
    fcntl.flock(lock, fcntl.LOCK_EX)
    service.start()
    status = service.process.wait(timeout=30)
    said = service.silent_for(0.2)
    if status == 0 or said is not None:
        raise AssertionError(f"without its store the daemon ended with {status} and notified {said!r}")
    lock.close()

    service.start()
    service.hear("READY=1")
    if service.readiness() != 200 or post(service.port, 0) != 200:
        raise AssertionError("READY was said before the daemon was ready")


def check_reload(service):
    service.process.send_signal(signal.SIGHUP)
    notice = service.hear("RELOADING=1")
    now = time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000
    if not 0 <= now - int(notice["MONOTONIC_USEC"]) < 30_000_000:
        raise AssertionError(f"RELOADING came with the time {notice['MONOTONIC_USEC']}, now it is {now}")
    service.hear("READY=1")


def check_restarts(service):
    """Senders that open a connection for each event, over many restarts: all are answered 200 and delivered."""
    stopping = threading.Event()
    outcomes = []
    lock = threading.Lock()

    def send(sender):
        number = sender
        while not stopping.is_set():
            number += SENDERS
            seen = post(service.port, number)
            with lock:
                outcomes.append((number, seen))
            time.sleep(0.01)

    threads = [threading.Thread(target=send, args=(sender,)) for sender in range(1, SENDERS + 1)]
    for thread in threads:
        thread.start()
    for _ in range(RESTARTS):
        time.sleep(0.3)
        service.stop()
        service.start()
        service.hear("READY=1")
    stopping.set()
    for thread in threads:
        thread.join()

    bad = [seen for _, seen in outcomes if seen != 200]
    if bad or len(outcomes) < RESTARTS * SENDERS:
        raise AssertionError(f"{len(bad)} of {len(outcomes)} weren't answered 200 over {RESTARTS} restarts: {set(bad)}")
    sent = {str(number) for number, _ in outcomes} | {"0"}
    deadline = time.monotonic() + 30
    delivered = []
    while set(delivered) != sent and time.monotonic() < deadline:
        time.sleep(0.1)
        lines = Path(service.directory, "events.jsonl").read_text(encoding="utf-8").splitlines()
        delivered = [json.loads(line)["resource_id"] for line in lines]
    if set(delivered) != sent:
        raise AssertionError(f"{len(sent - set(delivered))} of {len(sent)} events weren't delivered")
    return len(outcomes)


def main():
    with tempfile.TemporaryDirectory() as directory:
        service = Service(sys.argv[1], directory)
        try:
            check_ready_means_ready(service)
            check_reload(service)
            count = check_restarts(service)
            service.stop()
        except BaseException:
            print(Path(directory, "log").read_text(encoding="utf-8")[-4000:])
            raise
        finally:
            if service.process.poll() is None:
                service.process.kill()
                service.process.wait()
    print(f"{count} events over {RESTARTS} restarts, each on a new connection, all answered 200 and delivered")


if __name__ == "__main__":
    main()
