"""What is wrong with manifests for Kubernetes: against the models of its API, which Debian's python3-kubernetes has
(1.22), and with each other and the configurations in them."""

import re

import yaml
from kubernetes.client import models

MODELS = {("v1", "ConfigMap"): "V1ConfigMap", ("v1", "Service"): "V1Service",
          ("apps/v1", "Deployment"): "V1Deployment", ("apps/v1", "StatefulSet"): "V1StatefulSet",
          ("policy/v1", "PodDisruptionBudget"): "V1PodDisruptionBudget",
          ("networking.k8s.io/v1", "NetworkPolicy"): "V1NetworkPolicy"}
SCALARS = {"str": str, "int": int, "bool": bool}
NEWER = {("V1PodDisruptionBudgetSpec", "unhealthyPodEvictionPolicy"): "str"}  # than the models; in 1.27 by default
# Container.securityContext takes the pod's where it says nothing itself.
SECURITY = {"runAsNonRoot": True, "runAsUser": 10001, "runAsGroup": 10001, "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True, "capabilities": {"drop": ["ALL"]},
            "seccompProfile": {"type": "RuntimeDefault"}}
PROBES = {"startupProbe": "/livez", "livenessProbe": "/livez", "readinessProbe": "/readyz"}
SHUTDOWN_SECONDS = 20  # shutdown_timeout, which none of them sets
# Until a balancer in the cloud sends to a pod that is listed, and until it sends nothing more to one that isn't.
TAKEN_IN_SECONDS = 90
TAKEN_OUT_SECONDS = 120
UNITS = {"GiB": 2**30, "Gi": 2**30, "MiB": 2**20, "Mi": 2**20}
RETENTION_SIZE = "10GiB"  # store.retention.size, where it isn't set


def misfits(value, kind, place):
    """Where `value` isn't what the API calls a `kind`, as lines."""
    if kind == "object":  # a number or a text, such as a port
        return [] if isinstance(value, (int, str)) else [f"{place}: neither a number nor a text"]
    if kind in SCALARS:
        fits = isinstance(value, SCALARS[kind]) and not (kind == "int" and isinstance(value, bool))
        return [] if fits else [f"{place}: {value!r} is no {kind}"]
    if item := re.fullmatch(r"list\[(.*)\]", kind):
        if not isinstance(value, list):
            return [f"{place}: no list"]
        return [line for at, each in enumerate(value) for line in misfits(each, item[1], f"{place}[{at}]")]
    if item := re.fullmatch(r"dict\(str, (.*)\)", kind):
        if not isinstance(value, dict):
            return [f"{place}: no mapping"]
        return [line for key, each in value.items() for line in misfits(each, item[1], f"{place}.{key}")]
    model = getattr(models, kind)
    if not isinstance(value, dict):
        return [f"{place}: no {kind}"]
    names = {shown: name for name, shown in model.attribute_map.items()}
    newer = {key: NEWER[kind, key] for key in value if (kind, key) in NEWER}
    lines = [f"{place}: {kind} has no {key}" for key in value if key not in names and key not in newer]
    lines += [line for key, each in newer.items() for line in misfits(value[key], each, f"{place}.{key}")]
    known = {key: each for key, each in value.items() if key in names}
    for key, each in known.items():
        lines += misfits(each, model.openapi_types[names[key]], f"{place}.{key}")
    try:
        model(**{names[key]: each for key, each in known.items()})
    except ValueError as missing:  # what has to be there, and values out of a closed set
        lines.append(f"{place}: {missing}")
    return lines


def against_the_api(document):
    kind = MODELS.get((document.get("apiVersion"), document.get("kind")))
    if kind is None:
        return [f"{document.get('apiVersion')} {document.get('kind')} is nothing that is known here"]
    return misfits(document, kind, document["kind"])


def to_bytes(size):
    number, unit = re.fullmatch(r"(\d+)(\w+)", size).groups()
    return int(number) * UNITS[unit]


def selector_of(document):
    spec = document["spec"]
    selector = spec.get("selector", spec.get("podSelector"))
    return selector.get("matchLabels", selector)


def pause_of(container):
    """The seconds before it is told to stop."""
    hook = container.get("lifecycle", {}).get("preStop", {}).get("exec", {})
    return int(hook.get("command", ["sleep", "0"])[1])


class Pod:
    """A pod's template with the outreachd in it."""

    def __init__(self, owner, configurations):
        self.owner = owner
        self.labels = owner["spec"]["template"]["metadata"]["labels"]
        self.spec = owner["spec"]["template"]["spec"]
        self.outreachd = next(one for one in self.spec["containers"] if one["name"] == "outreachd")
        self.volumes = {volume["name"]: volume for volume in self.spec["volumes"]}
        self.claims = {claim["metadata"]["name"]: claim for claim in owner["spec"].get("volumeClaimTemplates", [])}
        self.mounts = {mount["mountPath"]: mount["name"] for mount in self.outreachd["volumeMounts"]}
        self.ports = {port["name"]: port["containerPort"] for port in self.outreachd["ports"]}
        name = self.volumes["configuration"]["configMap"]["name"]
        self.text = configurations.get(name)
        self.missing = None if self.text else f"no ConfigMap of this file is called {name}"

    def problems(self):
        if self.missing:
            return [self.missing]
        return [*self.places(), *self.network(), *self.life(), *self.rights(), *self.keeping()]

    def places(self):
        """Volumes, and the files and variables that the configuration names."""
        known = self.volumes.keys() | self.claims.keys()
        yield from (f"mounts {name}, which isn't there" for name in self.mounts.values() if name not in known)
        yield from (f"has the volume {name}, and no use for it" for name in known if name not in self.mounts.values())
        for path in {*re.findall(r"/(?:etc|run|var)/[\w./-]+", self.text), "/etc/outreachd", "/var/lib/outreachd"}:
            if not any(f"{path}/".startswith(f"{mount}/") for mount in self.mounts):
                yield f"its configuration names {path}, which no volume holds"
        given = {one["name"] for one in self.outreachd.get("env", [])}
        yield from (f"its configuration names the variable {name}, which isn't set"
                    for name in re.findall(r"\{env: (\w+)\}", self.text) if name not in given)

    def network(self):
        configured = yaml.safe_load(self.text)
        wanted = {"admin": configured["admin"].get("port", 9464)}
        if "endpoints" in configured:
            wanted["webhooks"] = configured["listen"].get("port", 8443)
        if self.ports != wanted:
            yield f"has the ports {self.ports}, and its configuration {wanted}"
        for probe, path in PROBES.items():
            asked = self.outreachd.get(probe, {}).get("httpGet", {})
            if asked != {"path": path, "port": "admin"}:
                yield f"{probe} asks {asked}"

    def life(self):
        pauses = [pause_of(container) for container in self.spec["containers"]]
        if "webhooks" in self.ports:
            yield from self.succession(pauses)
        if self.spec.get("terminationGracePeriodSeconds", 30) < max(pauses) + SHUTDOWN_SECONDS + 10:
            yield "is killed before it can have stopped"
        works = "work" in yaml.safe_load(self.text).get("roles", ["receive", "work"])
        if works and self.spec.get("shareProcessNamespace") is not True:
            yield "runs handlers, and has nobody who takes leave of what their programs leave behind"

    def succession(self, pauses):
        """A balancer is slow to notice that one pod takes another's place. With one pod there are never two."""
        if self.is_alone():
            if max(pauses) > 0:
                yield "holds up the only pod that could follow it"
            return
        if min(pauses) < TAKEN_OUT_SECONDS:  # the pod isn't ready where one of its containers has ended
            yield "may be gone before a balancer has taken it out"
        if self.owner["spec"].get("minReadySeconds", 0) < TAKEN_IN_SECONDS:
            yield "may take another's place before a balancer has taken it in"

    def is_alone(self):
        return self.owner["spec"]["replicas"] == 1

    def rights(self):
        given = {**self.spec.get("securityContext", {}), **self.outreachd.get("securityContext", {})}
        for key, value in SECURITY.items():
            if given.get(key) != value:
                yield f"securityContext.{key} is {given.get(key)}"
        if self.spec["securityContext"].get("fsGroup") != SECURITY["runAsGroup"]:
            yield "its group doesn't own what is mounted"

    def keeping(self):
        """A disk that ends with the pod is for receivers that answer behind RabbitMQ's confirm alone."""
        configured = yaml.safe_load(self.text)
        volume = self.volumes.get(self.mounts["/var/lib/outreachd"], {})
        limits = self.outreachd.get("resources", {}).get("limits", {})
        if "memory" not in limits:
            yield "has no limit on its memory"
        yield from self.room(configured, volume)
        if "emptyDir" not in volume:
            return
        if configured.get("queue", {}).get("amqp", {}).get("ack") != "broker" or configured["roles"] != ["receive"]:
            yield "loses its store with the pod, and has acknowledged what is in it"
        if "ephemeral-storage" not in limits or "sizeLimit" not in volume["emptyDir"]:
            yield "has no limit on its store"

    def room(self, configured, volume):
        """As the reference has it for store.retention.size: a damaged file is carried over beside itself."""
        claim = self.claims.get(self.mounts["/var/lib/outreachd"])
        disk = claim["spec"]["resources"]["requests"]["storage"] if claim else volume["emptyDir"].get("sizeLimit", "0Gi")
        size = configured.get("store", {}).get("retention", {}).get("size", RETENTION_SIZE)
        if to_bytes(disk) < 2.5 * to_bytes(size) + 2**30:
            yield f"keeps {size} on a disk of {disk}"


def listed(service, pod):
    """What is published before it is ready is published until it is gone, too: for one pod alone, which has nobody to
    take its place while the application beside it isn't ready."""
    name, published = service["metadata"]["name"], service["spec"].get("publishNotReadyAddresses", False)
    if published and not pod.is_alone():
        yield f"Service {name} sends to pods that are ending"
    if "webhooks" in pod.ports and pod.is_alone() and not published:
        yield f"Service {name} sends to nobody while a container beside outreachd isn't ready"


def of_one_file(documents, secrets):
    """What is wrong with the documents of a file. `secrets`: those that the page tells people to make."""
    lines = [line for document in documents for line in against_the_api(document)]
    if lines:
        return lines
    configurations = {one["metadata"]["name"]: one["data"]["outreachd.yaml"] for one in documents
                      if one["kind"] == "ConfigMap"}
    pods = [Pod(one, configurations) for one in documents if one["kind"] in ("Deployment", "StatefulSet")]
    services = {one["metadata"]["name"]: one for one in documents if one["kind"] == "Service"}
    for pod in pods:
        lines += pod.problems()
        if pod.owner["kind"] == "StatefulSet" and pod.owner["spec"]["serviceName"] not in services:
            lines.append(f"no Service is called {pod.owner['spec']['serviceName']}")
        if not any(one["kind"] == "PodDisruptionBudget" for one in documents) and pod.owner["spec"]["replicas"] > 1:
            lines.append("has several pods, and no PodDisruptionBudget")
    for document in documents:
        if document["kind"] in ("Service", "PodDisruptionBudget", "Deployment", "StatefulSet"):
            chosen = [pod for pod in pods if selector_of(document).items() <= pod.labels.items()]
            if not chosen:
                lines.append(f"{document['kind']} selects no pod of this file: {selector_of(document)}")
            lines += [f"Service {document['metadata']['name']} leads to {port['targetPort']}, which isn't there"
                      for port in document["spec"].get("ports", []) for pod in chosen
                      if port["targetPort"] not in pod.ports]
            if document["kind"] == "Service":
                lines += [line for pod in chosen for line in listed(document, pod)]
        if document["kind"] == "PodDisruptionBudget" and \
                document["spec"].get("unhealthyPodEvictionPolicy") != "AlwaysAllow":
            lines.append("has pods that hold up a node's end while they aren't ready")
    named = set(re.findall(r"'(?:secretName|secretKeyRef)': (?:\{'name': )?'([^']+)'", str(documents)))
    lines += [f"needs the secret {name}, which container.md doesn't have made" for name in sorted(named - secrets)]
    return lines


def policies(documents, pods_of_all):
    """Of network policies: that they are of use to somebody."""
    lines = [line for document in documents for line in against_the_api(document)]
    labels = [pod["spec"]["template"]["metadata"]["labels"] for pod in pods_of_all]
    return lines + [f"NetworkPolicy selects no pod: {selector_of(document)}" for document in documents
                    if not any(selector_of(document).items() <= each.items() for each in labels)]
