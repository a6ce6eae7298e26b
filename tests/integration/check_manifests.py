#!/usr/bin/python3 -B
"""What is shipped for containers and services parses, fits together, and every configuration of outreachd in it is one
that `outreachd check` takes.

usage: check_manifests.py PROGRAM
"""

import json
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

import compose_file
import kubernetes_manifests
import self_signed
import yaml

DEPLOY = Path(__file__).resolve().parents[2] / "deploy"
problems = []


def complain(where, what):
    problems.append(f"{where}: {what}")


def documents(path):
    """(place, document) of all of a YAML file."""
    try:
        found = list(yaml.safe_load_all(path.read_text(encoding="utf-8")))
    except yaml.YAMLError as error:
        complain(path.name, error)
        return []
    return [document for document in found if document is not None]


def configurations():
    """(place, text) of every configuration of outreachd."""
    package = DEPLOY / "debian" / "outreachd.yaml"
    yield "debian/outreachd.yaml", package.read_text(encoding="utf-8")
    for compose in documents(DEPLOY / "compose.yaml"):
        for name, text in compose_file.configurations(compose, DEPLOY):
            yield f"compose.yaml, {name}", text
    for path in sorted((DEPLOY / "kubernetes").glob("*.yaml")):
        for document in documents(path):
            if document.get("kind") == "ConfigMap":
                yield f"kubernetes/{path.name}", document["data"]["outreachd.yaml"]
    # Blocks in the pages that are a whole configuration.
    for page in sorted(DEPLOY.glob("*.md")):
        for number, block in enumerate(re.findall(r"(?ms)^```yaml\n(.*?)^```", page.read_text(encoding="utf-8"))):
            if re.search(r"(?m)^(endpoints|handlers):", block):
                yield f"{page.name}, block {number + 1}", block


def check_configuration(program, where, text, directory):
    """As the service would: what can't be read is an error. Its files are made here."""
    for path in set(re.findall(r"/(?:etc|run)/[\w./-]+", text)):
        name = path.rpartition("/")[2]
        kind = "cert.pem" if name in ("tls.crt", "fullchain.pem") else \
               "key.pem" if name in ("tls.key", "privkey.pem") else "secret"
        text = text.replace(path, f"{directory}/{kind}")
    text = text.replace("/var/lib/outreachd", directory)
    config = Path(directory, "outreachd.yaml")
    config.write_text(text, encoding="utf-8")
    uris = {name: "amqps://outreachd:password@rabbit.example.com/outreach"
            for name in ("AMQP_URI", "RABBIT_1", "RABBIT_2", "RABBIT_3")}
    checked = subprocess.run([program, "check", "-c", str(config)], capture_output=True, text=True, check=False,
                             env={**os.environ, **uris, "INVOCATION_ID": "of-the-test"})
    if checked.returncode != 0:
        complain(where, checked.stderr)


def check_kubernetes():
    """Each file for itself, but for what chooses among the pods of others."""
    page = (DEPLOY / "container.md").read_text(encoding="utf-8")
    secrets = set(re.findall(r"kubectl create secret (?:tls|generic) (\S+)", page))
    files = {path.name: documents(path) for path in sorted((DEPLOY / "kubernetes").glob("*.yaml"))}
    everything = [document for each in files.values() for document in each]
    pods = [document for document in everything if document["kind"] in ("Deployment", "StatefulSet")]
    if len(pods) < 4:
        complain("kubernetes", f"has {len(pods)} pods")
    for name, found in files.items():
        if any(document["kind"] == "Kustomization" for document in found):
            lines = [f"names {resource}, which isn't there" for document in found
                     for resource in document["resources"] if not (DEPLOY / "kubernetes" / resource).is_file()]
        elif all(document["kind"] == "NetworkPolicy" for document in found):
            lines = kubernetes_manifests.policies(found, pods)
        else:
            lines = kubernetes_manifests.of_one_file(found, secrets)
        for line in lines:
            complain(f"kubernetes/{name}", line)


def check_compose():
    """Its services find what they use, and can start."""
    for compose in documents(DEPLOY / "compose.yaml"):
        for line in compose_file.problems(compose, DEPLOY):
            complain("compose.yaml", line)


def main():
    program = sys.argv[1]
    files = sorted(DEPLOY.rglob("*.yaml"))
    for path in files:
        documents(path)
    for path in sorted(DEPLOY.rglob("*.json")):
        json.loads(path.read_text(encoding="utf-8"))
    with tempfile.TemporaryDirectory() as directory:
        self_signed.make(directory)
        Path(directory, "secret").write_text("a-secret\n", encoding="utf-8")
        os.chmod(f"{directory}/secret", 0o600)
        checked = 0
        for where, text in configurations():
            check_configuration(program, where, text, directory)
            checked += 1
    check_kubernetes()
    check_compose()
    for problem in problems:
        print(problem)
    print(f"{len(files)} YAML files, {checked} configurations, {len(problems)} problems")
    return 1 if problems or checked < 8 or len(files) < 8 else 0


if __name__ == "__main__":
    sys.exit(main())
