#!/usr/bin/python3 -B
"""Every metric, label and label's value that the alerts and the Grafana dashboard name is one that daemons show at
/metrics before the first event has come, so that an alert on none can see it; metrics.md has each of these metrics and
of the alerts, and no other, and the dashboard shows each that is outreachd's own.

usage: check_dashboards.py PROGRAM
"""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

import self_signed
import yaml

DEPLOY = Path(__file__).resolve().parents[2] / "deploy"
# What Prometheus itself adds to each sample.
PROMETHEUS_METRICS = {"up"}
PROMETHEUS_LABELS = {"job", "instance"}

SAMPLE = re.compile(r'^([a-z_:]+)(?:\{(.*)\})? \S+$')
LABEL = re.compile(r'([a-z_]+)="((?:[^"\\]|\\.)*)"')
NAMED = re.compile(r'\b((?:outreachd|process)_[a-z_]+|up)\b(?:\{([^}]*)\})?')
MATCHER = re.compile(r'([a-z_]+)\s*(=~|!=|!~|=)\s*"([^"]*)"')
GROUPED = re.compile(r'\b(?:by|on)\s*\(([^)]*)\)')

EMBEDDED = """
listen: {{address: 127.0.0.1, port: {listen}, tls: {{certificate: {directory}/cert.pem, private_key: {directory}/key.pem}}}}
endpoints:
  - path: /webhooks/outreach
    secrets: [{{file: {directory}/secret}}]
store: {{directory: {directory}/embedded}}
outreach:
  base_url: http://127.0.0.1:{outreach}/api/v2
  auth: {{type: token, token: sandbox-token}}
webhooks: {{url: https://hooks.example.com/webhooks/outreach, subscribe: [task.completed]}}
handlers:
  archive: {{type: file, path: {directory}/events.jsonl}}
routes:
  - {{match: "*", to: [archive]}}
admin: {{address: 127.0.0.1, port: {admin}}}
"""

# RabbitMQ isn't there: what is said of it is there all the same.
THROUGH_BROKER = """
listen: {{address: 127.0.0.1, port: {listen}, tls: off}}
endpoints:
  - path: /webhooks/outreach
    secrets: [{{file: {directory}/secret}}]
store: {{directory: {directory}/broker}}
queue: {{type: amqp, amqp: {{uri: "amqp://127.0.0.1:{nowhere}"}}}}
handlers:
  archive: {{type: file, path: {directory}/events.jsonl}}
routes:
  - {{match: "*", to: [archive]}}
admin: {{address: 127.0.0.1, port: {admin}}}
"""


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def samples(text):
    """Metric -> label -> values, of a scrape."""
    found = {}
    for line in text.splitlines():
        if match := SAMPLE.match(line):
            labels = found.setdefault(match[1], {})
            for name, value in LABEL.findall(match[2] or ""):
                labels.setdefault(name, set()).add(value)
    return found


def scrape(port):
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=5) as answer:
        return answer.read().decode()


def scrape_until(port, wanted):
    """The text of /metrics once all of `wanted` stand in it, at the latest after 20 s."""
    text = ""
    for _ in range(200):
        try:
            text = scrape(port)
            if all(name in text for name in wanted):
                return text
        except OSError:
            pass
        time.sleep(0.1)
    raise SystemExit(f"check_dashboards: {wanted} didn't come up at /metrics:\n{text[-2000:]}")


def real_metrics(program, directory):
    """What two daemons show that have got no event yet: one with everything but RabbitMQ, and one with RabbitMQ."""
    self_signed.make(directory)
    Path(directory, "secret").write_text("a-secret\n", encoding="utf-8")
    os.chmod(f"{directory}/secret", 0o600)
    ports = {name: free_port() for name in ("listen", "outreach", "admin", "nowhere")}
    processes = []

    def start(name, *words):
        log = open(f"{directory}/{name}.log", "wb")
        processes.append(subprocess.Popen([program, *words], stderr=log, stdout=log))

    try:
        start("sandbox", "sandbox", "--port", str(ports["outreach"]))
        config = Path(directory, "embedded.yaml")
        config.write_text(EMBEDDED.format(directory=directory, **ports), encoding="utf-8")
        start("embedded", "serve", "-c", str(config))
        text = scrape_until(ports["admin"], ["outreachd_build_info", "outreachd_api_rate_limit_remaining"])
        ports["admin"], ports["listen"] = free_port(), free_port()
        config = Path(directory, "broker.yaml")
        config.write_text(THROUGH_BROKER.format(directory=directory, **ports), encoding="utf-8")
        start("broker", "serve", "-c", str(config))
        return samples(text + scrape_until(ports["admin"], ["outreachd_broker_connected"]))
    finally:
        for process in processes:
            process.send_signal(signal.SIGKILL)
            process.wait()


def rules():
    """The alerts, by their names."""
    with open(DEPLOY / "prometheus" / "alerts.yaml", encoding="utf-8") as file:
        return {rule["alert"]: rule for group in yaml.safe_load(file)["groups"] for rule in group["rules"]}


def panels():
    """(place, PromQL) of the dashboard."""
    dashboard = json.loads((DEPLOY / "grafana" / "outreachd.json").read_text(encoding="utf-8"))
    for panel in dashboard["panels"]:
        for target in panel.get("targets", []):
            yield panel["title"], target["expr"]
    for variable in dashboard["templating"]["list"]:
        if variable["type"] == "query":
            yield f"${variable['name']}", variable["definition"]


def expressions():
    """(place, PromQL) of everything that is shipped."""
    yield from ((alert, rule["expr"]) for alert, rule in rules().items())
    yield from panels()


def check(where, expression, known):
    """What is wrong with one expression, as lines."""
    named = NAMED.findall(expression)
    if not named:
        yield f"{where}: names no metric: {expression}"
    labels_here = set(PROMETHEUS_LABELS)
    for metric, matchers in named:
        if metric in PROMETHEUS_METRICS:
            continue
        if metric not in known:
            yield f"{where}: no daemon has {metric}"
            continue
        labels_here |= set(known[metric])
        for label, comparison, value in MATCHER.findall(matchers):
            if label in PROMETHEUS_LABELS:
                continue
            if label not in known[metric]:
                yield f"{where}: {metric} has no label {label}"
            elif comparison == "=" and value not in known[metric][label]:
                yield f"{where}: {metric} never has {label}={value!r}"
    for labels in GROUPED.findall(expression):
        for label in re.findall(r"[a-z_]+", labels):
            if label not in labels_here:
                yield f"{where}: groups by {label}, which nothing in it has"


def check_page(known):
    """What is wrong with metrics.md, as lines."""
    page = (DEPLOY / "metrics.md").read_text(encoding="utf-8")
    listed = re.findall(r"`(Outreachd\w+)`", page)
    yield from (f"metrics.md lacks the alert {alert}" for alert in sorted(rules().keys() - set(listed)))
    yield from (f"metrics.md has {alert}, which is no alert" for alert in sorted(set(listed) - rules().keys()))
    told = set(re.findall(r"`((?:outreachd|process)_[a-z_]+)", page))
    # A histogram is called by what its samples have in common.
    shown = {re.sub(r"_(bucket|count|sum)$", "", metric) for metric in known}
    yield from (f"metrics.md lacks {metric}" for metric in sorted(shown - told))
    yield from (f"metrics.md has {metric}, which no daemon shows" for metric in sorted(told - shown))


def least_retry_seconds():
    """How soon a delivery that always fails is dead, with the schema's defaults and the jitter against it."""
    schema = json.loads((DEPLOY.parent / "config" / "outreachd.schema.json").read_text(encoding="utf-8"))
    retry = {key: told["default"] for key, told in schema["$defs"]["retry"]["properties"].items()}
    initial, longest = (int(retry[key][:-1]) * {"s": 1, "m": 60}[retry[key][-1]] for key in ("initial", "max"))
    pauses = (min(initial * retry["factor"] ** at, longest) for at in range(retry["attempts"] - 1))
    return (1 - retry["jitter"]) * sum(pauses)


def check_patience():
    """What is wrong with the alert on what waits: it has to come before that is dead."""
    rule = rules()["OutreachdOldestPending"]
    waited = float(rule["expr"].rpartition(">")[2]) + 60 * int(rule["for"].removesuffix("m"))
    if waited > least_retry_seconds() - 300:
        yield f"OutreachdOldestPending comes after {waited} s, and a delivery may be dead after {least_retry_seconds()} s"


def main():
    with tempfile.TemporaryDirectory() as directory:
        known = real_metrics(sys.argv[1], directory)
    found = list(expressions())
    problems = [line for where, expression in found for line in check(where, expression, known)]
    shown = {metric for _, expression in panels() for metric, _ in NAMED.findall(expression)}
    problems += [f"the dashboard doesn't show {metric}" for metric in sorted(known)
                 if metric.startswith("outreachd_") and not metric.endswith(("_count", "_sum")) and metric not in shown]
    problems += check_page(known)
    problems += check_patience()
    for line in problems:
        print(line)
    print(f"{len(found)} expressions, {len(known)} metrics, {len(problems)} problems")
    return 1 if problems or len(found) < 40 else 0


if __name__ == "__main__":
    sys.exit(main())
