#!/usr/bin/python3 -B
"""The nginx configurations of deploy/proxies, with nginx itself: a connection that the daemon breaks, and a daemon that
isn't there, reach the sender as a broken connection and never as a status; answers pass as they are.

usage: check_proxies.py
"""

import re
import socket
import ssl
import struct
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

PROXIES = Path(__file__).resolve().parents[2] / "deploy" / "proxies"
REQUEST = b"POST /webhooks/outreach HTTP/1.1\r\nHost: hooks\r\nContent-Length: 2\r\n\r\n{}"


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Daemon:
    """What a daemon does to one connection: answer 200, or read the request and reset."""

    def __init__(self, certificate, resets):
        self.certificate = certificate
        self.resets = resets
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.take, args=(connection,), daemon=True).start()

    def take(self, connection):
        raw = connection
        try:
            if self.certificate:
                context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
                context.load_cert_chain(self.certificate)
                connection = context.wrap_socket(raw, server_side=True)
            received = b""
            while not received.endswith(b"{}"):
                received += connection.recv(4096) or b"{}"
            if self.resets:
                # Without waiting, and without TLS's farewell: an RST.
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                connection.close()
                return
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
            connection.close()
        except OSError:
            raw.close()


def outcome(port):
    """The status that a sender sees, or how the connection broke."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.options &= ~ssl.OP_IGNORE_UNEXPECTED_EOF
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=10) as raw:
            with context.wrap_socket(raw, suppress_ragged_eofs=False) as connection:
                connection.sendall(REQUEST)
                answer = connection.recv(4096)
    except ConnectionResetError:
        return "reset"
    except (ssl.SSLError, ConnectionAbortedError, BrokenPipeError):
        return "broken"
    return answer.split(b" ")[1].decode() if answer else "closed without an answer"


def configuration(name, directory, certificate, port, daemon_port):
    """The file as it is shipped, with our ports, paths and rights."""
    text = (PROXIES / name).read_text(encoding="utf-8")
    text = text.replace("include /etc/nginx/modules-enabled/*.conf;",
                        "load_module /usr/lib/nginx/modules/ngx_stream_module.so;")
    text = re.sub(r"(?m)^user .*$", f"pid {directory}/nginx.pid;", text)
    text = text.replace("worker_processes auto;", "worker_processes 1; daemon off; master_process off;")
    text = text.replace("/var/log/nginx/error.log", f"{directory}/error.log")
    text = re.sub(r"/etc/nginx/tls/\w+\.pem", certificate, text)
    text = text.replace("listen 443", f"listen 127.0.0.1:{port}")
    text = re.sub(r"(?m)^ *listen \[::\].*$", "", text)
    text = re.sub(r"(?m)^ *server 192\.0\.2\.12:8443.*$", "", text)
    text = re.sub(r"(192\.0\.2\.11|127\.0\.0\.1):8443( max_fails=1 fail_timeout=5s)?", f"127.0.0.1:{daemon_port}", text)
    if "http {" in text:
        places = "".join(f"{kind}_temp_path {directory}/{kind}; " for kind in
                         ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
        text = text.replace("http {", "http { " + places)
    path = Path(directory) / name
    path.write_text(text, encoding="utf-8")
    return str(path)


def through_nginx(name, directory, certificate, daemon_port):
    port = free_port()
    path = configuration(name, directory, certificate, port, daemon_port)
    nginx = subprocess.Popen(["/usr/sbin/nginx", "-c", path, "-p", directory], stderr=subprocess.PIPE)
    try:
        for _ in range(200):
            if nginx.poll() is not None:
                return "nginx doesn't start: " + nginx.stderr.read().decode()
            try:
                socket.create_connection(("127.0.0.1", port), timeout=1).close()
                break
            except OSError:
                time.sleep(0.05)
        return outcome(port)
    finally:
        nginx.terminate()
        nginx.wait()


def main():
    failures = 0
    with tempfile.TemporaryDirectory() as directory:
        certificate = f"{directory}/both.pem"
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                        "-days", "2", "-subj", "/CN=hooks", "-keyout", certificate, "-out", f"{directory}/cert.pem"],
                       check=True, capture_output=True)
        with open(certificate, "a", encoding="utf-8") as both:
            both.write(Path(directory, "cert.pem").read_text(encoding="utf-8"))
        for name, own_certificate in (("nginx.conf", certificate), ("nginx_http.conf", None)):
            cases = (("answers", Daemon(own_certificate, resets=False).port, {"200"}),
                     ("resets", Daemon(own_certificate, resets=True).port, {"reset", "broken"}),
                     ("isn't there", free_port(), {"reset", "broken"}))
            for what, port, wanted in cases:
                seen = through_nginx(name, directory, certificate, port)
                print(f"{name}: the daemon {what}: {seen}")
                failures += seen not in wanted
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
