"""What is wrong with a Compose file: with its parts among each other, with the configurations that it names, and with
how files reach a container whose root can't be written."""

import re

import yaml


def configurations(compose, folder):
    """(name, text) of every configuration that is there."""
    for name, config in compose["configs"].items():
        path = folder / config.get("file", "")
        if path.is_file():
            yield name, path.read_text(encoding="utf-8")


class Service:
    """A service with its mounts: where each is in the container, and whether it is a folder."""

    def __init__(self, name, compose, folder):
        self.compose = compose
        self.service = compose["services"][name]
        self.folder = folder
        self.used = {kind: [one if isinstance(one, dict) else {"source": one} for one in self.service.get(kind, [])]
                     for kind in ("configs", "secrets")}
        self.volumes = [one if isinstance(one, dict) else self.in_long(one) for one in self.service.get("volumes", [])]
        self.files = [one.get("target", f"/run/secrets/{one['source']}" if kind == "secrets" else f"/{one['source']}")
                      for kind, all_used in self.used.items() for one in all_used]
        self.folders = [one["target"] for one in self.volumes]

    @staticmethod
    def in_long(volume):
        source, target, *rest = volume.split(":")
        kind = "bind" if source.startswith((".", "/")) else "volume"
        return {"type": kind, "source": source, "target": target, "read_only": rest == ["ro"]}

    def problems(self):
        return [*self.parts(), *self.mounts(), *self.configured()]

    def parts(self):
        for kind, all_used in self.used.items():
            for one in all_used:
                declared = self.compose[kind].get(one["source"])
                if declared is None:
                    yield f"uses {kind} {one['source']}, which isn't there"
                elif self.service.get("read_only") and "file" not in declared:
                    yield f"can't start: {kind} {one['source']} is no file, and would be copied into a read-only root"
                elif kind == "configs" and "file" in declared and not (self.folder / declared["file"]).is_file():
                    yield f"uses the file {declared['file']}, which isn't there"

    def mounts(self):
        for volume in self.volumes:
            if volume["type"] == "volume" and volume["source"] not in self.compose["volumes"]:
                yield f"uses the volume {volume['source']}, which isn't there"
            if volume["type"] == "bind" and not volume.get("read_only"):
                yield f"can write to {volume['source']}"
            if volume["type"] == "bind" and volume.get("bind", {}).get("create_host_path", True):
                yield f"starts with an empty folder where {volume['source']} is missing"

    def configured(self):
        """What the configuration names is mounted; what is renewed under the daemon, as a folder."""
        for one in self.used["configs"]:
            text = dict(configurations(self.compose, self.folder)).get(one["source"], "")
            for path in set(re.findall(r"/(?:etc|run|var)/[\w./-]+", text)):
                if path not in self.files and not self.below_a_folder(path):
                    yield f"its configuration names {path}, which isn't mounted"
            tls = ((yaml.safe_load(text) or {}).get("listen") or {}).get("tls")
            for path in tls.values() if isinstance(tls, dict) else ():
                if path in self.files or not self.below_a_folder(path):
                    yield f"{path} stays what it was when another is put in its place: mount its folder"
            given = self.service.get("environment", {})
            yield from (f"its configuration names the variable {name}, which isn't set"
                        for name in re.findall(r"\{env: (\w+)\}", text) if name not in given)

    def below_a_folder(self, path):
        return any(path.startswith(f"{folder}/") for folder in self.folders)


def problems(compose, folder):
    """What is wrong, as lines; `folder` is the file's."""
    lines = [f"{name} {line}" for name in compose["services"] for line in Service(name, compose, folder).problems()]
    used = {one["source"] for name in compose["services"]
            for one in Service(name, compose, folder).used["configs"]}
    return lines + [f"has the configuration {name}, and no use for it" for name in compose["configs"]
                    if name not in used]
