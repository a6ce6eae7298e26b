"""The receivers that are compared: how each is started, and what it does for an event."""

import http.client
import os
import pathlib
import resource
import shutil
import signal
import socket
import ssl
import subprocess
import time

BENCH = pathlib.Path(__file__).resolve().parent.parent
ROOT = BENCH.parent.parent
NGINX_MODULES = pathlib.Path("/usr/lib/nginx/modules")
SECRET = "a secret of the comparison alone"
PATIENCE_SECONDS = 20


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def descriptors():
    return resource.getrlimit(resource.RLIMIT_NOFILE)[1]


class Contender:
    """A receiver. A started one has a directory of its own on the disk that is measured."""

    name = ""
    checks = ""
    stores = ""
    path = "/webhooks/outreach"
    packages = ()  # of Debian
    works_later = False  # after its answers

    def missing(self):
        """The Debian packages it lacks here."""
        return [package for package, is_there in self.packages if not is_there()]

    def command(self, place):
        raise NotImplementedError

    def environment(self, place):
        return {"OUTREACH_WEBHOOK_SECRET": SECRET}

    def wait_for_work(self, place):
        """Blocks until what the answers left to do is done."""

    def is_ready(self, place):
        context = ssl.create_default_context()
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        try:
            with socket.create_connection(("127.0.0.1", place.port), timeout=1) as plain:
                with context.wrap_socket(plain):
                    return True
        except OSError:
            return False


class Outreachd(Contender):
    name = "outreachd"
    checks = "HMAC-SHA256"
    stores = "SQLite, fsync before the answer, repeats removed; no route"
    works_later = True
    work = ""

    def missing(self):
        return []

    def command(self, place):
        (place.directory / "store").mkdir(exist_ok=True)
        config = place.directory / "outreachd.yaml"
        config.write_text(f"""\
listen:
  address: 127.0.0.1
  port: {place.port}
  tls: {{certificate: {place.certificate}, private_key: {place.key}}}
  limits: {{connections: 20000, idle_timeout: 600s}}
endpoints:
  - path: {self.path}
    secrets: [{{env: OUTREACH_WEBHOOK_SECRET}}]
store:
  directory: {place.directory}/store
  retention: {{size: 200GiB}}
{self.work.replace("@DIRECTORY@", str(place.directory))}
admin: {{address: 127.0.0.1, port: {place.admin_port}}}
log: {{level: warn}}
""")
        return [str(place.outreachd), "serve", "-c", str(config)]

    def is_ready(self, place):
        return self.admin(place, "/readyz")[0] == 200

    def admin(self, place, path):
        connection = http.client.HTTPConnection("127.0.0.1", place.admin_port, timeout=5)
        try:
            connection.request("GET", path)
            answer = connection.getresponse()
            return answer.status, answer.read().decode()
        except OSError:
            return 0, ""
        finally:
            connection.close()

    def pending(self, place):
        lines = self.admin(place, "/metrics")[1].splitlines()
        return sum(float(line.rsplit(" ", 1)[1]) for line in lines if line.startswith("outreachd_pending"))

    def wait_for_work(self, place):
        end = time.monotonic() + 10 * PATIENCE_SECONDS
        while self.pending(place) > 0:
            if time.monotonic() > end:
                raise RuntimeError(f"{self.name}: deliveries still pending after {10 * PATIENCE_SECONDS} s")
            time.sleep(0.2)


class OutreachdFile(Outreachd):
    name = "outreachd+file"
    stores = "the same, and each event delivered to a file handler"
    work = """\
handlers:
  lines: {type: file, path: "@DIRECTORY@/lines"}
routes:
  - {match: "*", to: [lines]}"""


class Nginx(Contender):
    name = "nginx"
    checks = "nothing"
    stores = "nothing"
    path = "/static"
    packages = (("nginx", lambda: shutil.which("nginx", path="/usr/sbin:/usr/bin") is not None),
                ("libnginx-mod-http-js", (NGINX_MODULES / "ngx_http_js_module.so").exists))

    def command(self, place):
        config = place.directory / "nginx.conf"
        config.write_text(place.filled(BENCH / "nginx" / "nginx.conf", MODULES=NGINX_MODULES,
                                       HERE=BENCH / "nginx", DESCRIPTORS=descriptors()))
        # Its worker would else become a user who may not enter the directory.
        user = ["-g", "user root;"] if os.geteuid() == 0 else []
        return ["/usr/sbin/nginx", "-e", str(place.directory / "error.log"), "-p", str(place.directory),
                "-c", str(config), *user]


class NginxNjs(Nginx):
    name = "nginx+njs"
    checks = "HMAC-SHA256 (not in constant time)"
    path = "/verified"


class Webhook(Contender):
    name = "webhook"
    checks = "HMAC-SHA256"
    stores = "nothing; runs /bin/true before the answer, where a user's script would store"
    path = "/hooks/command"
    packages = (("webhook", lambda: shutil.which("webhook") is not None),)

    def command(self, place):
        hooks = place.directory / "hooks.json"
        hooks.write_text(place.filled(BENCH / "webhook" / "hooks.json", SECRET=SECRET))
        return ["webhook", "-hooks", str(hooks), "-secure", "-cert", str(place.certificate), "-key",
                str(place.key), "-ip", "127.0.0.1", "-port", str(place.port)]


class WebhookIdle(Webhook):
    name = "webhook-idle"
    stores = "nothing; runs no command (its front-end limit)"
    path = "/hooks/nothing"


class Node(Contender):
    name = "node"
    checks = "HMAC-SHA256"
    stores = "a line in a file, fdatasync each before the answer"
    grouped = "0"
    packages = (("nodejs", lambda: shutil.which("node") is not None),
                ("npm", lambda: shutil.which("npm") is not None))

    def command(self, place):
        return ["node", str(BENCH / "node" / "server.js")]

    def environment(self, place):
        return {**super().environment(place), "PORT": str(place.port), "CERTIFICATE": str(place.certificate),
                "KEY": str(place.key), "EVENTS_FILE": str(place.directory / "events"),
                "GROUPED": self.grouped, "NODE_ENV": "production"}


class NodeGrouped(Node):
    name = "node-grouped"
    stores = "a line in a file, one fdatasync for all that wait, before the answer"
    grouped = "1"


ALL = (Outreachd(), OutreachdFile(), Nginx(), NginxNjs(), Webhook(), WebhookIdle(), Node(), NodeGrouped())


class Running:
    """A started contender in a fresh directory; stopped, and its files removed, at the end of a `with`."""

    def __init__(self, contender, settings):
        self.contender = contender
        self.settings = settings
        self.outreachd = settings.outreachd
        self.certificate = settings.certificate
        self.key = settings.key
        self.port = free_port()
        self.admin_port = free_port()
        self.directory = settings.directory / f"{contender.name}-{self.port}"
        self.process = None

    @property
    def url(self):
        return f"https://127.0.0.1:{self.port}{self.contender.path}"

    @property
    def pid(self):
        return self.process.pid

    def filled(self, template, **places):
        text = template.read_text()
        places = {"PORT": self.port, "DIRECTORY": self.directory, "CERTIFICATE": self.certificate,
                  "KEY": self.key, **places}
        for name, value in places.items():
            text = text.replace(f"@{name}@", str(value))
        return text

    def __enter__(self):
        self.directory.mkdir()
        for folder in ("body", "proxy", "fastcgi", "uwsgi", "scgi"):
            (self.directory / folder).mkdir()
        log = (self.directory / "output").open("wb")
        self.process = subprocess.Popen(
            self.contender.command(self), env={**os.environ, **self.contender.environment(self)},
            stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT, start_new_session=True,
            preexec_fn=lambda: prepare_process(self.settings.server_cores))
        log.close()
        try:
            self.wait_until_ready()
        except BaseException:
            self.__exit__()
            raise
        return self

    def wait_until_ready(self):
        end = time.monotonic() + PATIENCE_SECONDS
        while not self.contender.is_ready(self):
            if self.process.poll() is not None or time.monotonic() > end:
                output = (self.directory / "output").read_text(errors="replace")
                raise RuntimeError(f"{self.contender.name} didn't start:\n{output}")
            time.sleep(0.05)

    def move_to(self, cores):
        for thread in pathlib.Path(f"/proc/{self.pid}/task").iterdir():
            os.sched_setaffinity(int(thread.name), cores)

    def __exit__(self, *_):
        self.process.terminate()
        try:
            self.process.wait(PATIENCE_SECONDS)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
        shutil.rmtree(self.directory, ignore_errors=True)


def prepare_process(cores):
    """In a started process, before it runs: its cores, and as many files as there may be."""
    os.sched_setaffinity(0, cores)
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
