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
        for name, config in compose["configs"].items():
            yield f"compose.yaml, {name}", config["content"].replace("$$", "$")
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
    """Names that have to be the same in two places, and what every pod must have."""
    everything = [(path.name, document) for path in sorted((DEPLOY / "kubernetes").glob("*.yaml"))
                  for document in documents(path)]
    config_maps = {document["metadata"]["name"] for _, document in everything if document["kind"] == "ConfigMap"}
    pods = [(name, document["spec"]["template"]) for name, document in everything
            if document["kind"] in ("Deployment", "StatefulSet")]
    if not pods or not config_maps:
        complain("kubernetes", "has no pods or no configuration")
    for name, document in everything:
        for key in ("apiVersion", "kind"):
            if key not in document:
                complain(name, f"a document without {key}")
        if document["kind"] == "Kustomization":
            for resource in document["resources"]:
                if not (DEPLOY / "kubernetes" / resource).is_file():
                    complain(name, f"names {resource}, which isn't there")
        selector = document.get("spec", {}).get("selector", document.get("spec", {}).get("podSelector"))
        if document["kind"] in ("Service", "PodDisruptionBudget", "NetworkPolicy", "Deployment", "StatefulSet"):
            labels = selector.get("matchLabels", selector)
            if not any(labels.items() <= pod["metadata"]["labels"].items() for _, pod in pods):
                complain(name, f"{document['kind']} selects no pod of ours: {labels}")
    for name, pod in pods:
        claims = [document["spec"].get("volumeClaimTemplates", []) for _, document in everything
                  if document.get("spec", {}).get("template") is pod]
        volumes = {volume["name"] for volume in pod["spec"]["volumes"]}
        volumes |= {claim["metadata"]["name"] for claim in claims[0]}
        for volume in pod["spec"]["volumes"]:
            if "configMap" in volume and volume["configMap"]["name"] not in config_maps:
                complain(name, f"no ConfigMap is called {volume['configMap']['name']}")
        containers = [one for one in pod["spec"]["containers"] if one["name"] == "outreachd"]
        if len(containers) != 1:
            complain(name, "has not one container called outreachd")
        for container in containers:
            ports = {port["name"] for port in container["ports"]}
            for probe in ("startupProbe", "livenessProbe", "readinessProbe"):
                if container[probe]["httpGet"]["port"] not in ports:
                    complain(name, f"{probe} asks a port that isn't there")
            mounts = {mount["mountPath"]: mount["name"] for mount in container["volumeMounts"]}
            if not set(mounts.values()) <= volumes:
                complain(name, f"mounts what isn't there: {set(mounts.values()) - volumes}")
            if not container["securityContext"]["readOnlyRootFilesystem"] or "/var/lib/outreachd" not in mounts:
                complain(name, "the root can be written, or the store is in it")


def check_compose():
    """Each service's parts are declared."""
    for compose in documents(DEPLOY / "compose.yaml"):
        for name, service in compose["services"].items():
            for kind in ("configs", "secrets"):
                for used in service.get(kind, []):
                    source = used["source"] if isinstance(used, dict) else used
                    if source not in compose[kind]:
                        complain("compose.yaml", f"{name} uses {kind} {source}, which isn't there")
            for volume in service.get("volumes", []):
                if volume.split(":")[0] not in compose["volumes"]:
                    complain("compose.yaml", f"{name} uses the volume {volume}, which isn't there")


def main():
    program = sys.argv[1]
    files = sorted(DEPLOY.rglob("*.yaml"))
    for path in files:
        documents(path)
    for path in sorted(DEPLOY.rglob("*.json")):
        json.loads(path.read_text(encoding="utf-8"))
    with tempfile.TemporaryDirectory() as directory:
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                        "-days", "2", "-subj", "/CN=hooks", "-keyout", f"{directory}/key.pem",
                        "-out", f"{directory}/cert.pem"], check=True, capture_output=True)
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
