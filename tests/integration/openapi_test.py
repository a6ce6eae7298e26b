#!/usr/bin/python3 -B
"""deploy/openapi.yaml against the built program: what is documented is answered so, and all that is answered is
documented.

usage: openapi_test.py PROGRAM [CASE...]
"""

import json
import pathlib
import re
import sys
import unittest

import jsonschema
import yaml

from admin_daemon import Daemon, body, until
from outreach_sandbox import Sandbox

ROOT = pathlib.Path(__file__).resolve().parents[2]
DOCUMENT = yaml.safe_load((ROOT / "deploy" / "openapi.yaml").read_text())
# The dashboard is a page, no interface.
SOURCES = [each for each in sorted((ROOT / "daemon" / "admin").glob("*routes.cpp")) if each.name != "dashboard_routes.cpp"]
JSON = {"Content-Type": "application/json"}
NOBODY = "0193e0a1-7c00-7abc-8def-0123456789ab"
# An Outreach that nobody can reach: a backfill begins all the same, and waits.
OUTREACH = "outreach: {base_url: 'http://127.0.0.1:1/api/v2', auth: {type: token, token: t0ken}}\n"
PROGRAM = None


def resolved(part):
    """What a `$ref` stands for, with what is said beside it."""
    while isinstance(part, dict) and "$ref" in part:
        beside = {key: value for key, value in part.items() if key != "$ref"}
        at = DOCUMENT
        for name in part["$ref"].removeprefix("#/").split("/"):
            at = at[name]
        part = at | beside
    return part


def operations():
    for path, item in DOCUMENT["paths"].items():
        for method in ("get", "post", "put", "patch", "delete"):
            if method in item:
                shared = item.get("parameters", [])
                parameters = [resolved(each) for each in [*shared, *item[method].get("parameters", [])]]
                yield path, method, item[method], parameters


def members(schema):
    """The documented members of an object, with their schemas."""
    schema = resolved(schema)
    found = dict(schema.get("properties", {}))
    for each in schema.get("allOf", []):
        found |= members(each)
    return found


def undocumented(value, schema, at="answer"):
    """Members that an answer has and the document hasn't."""
    schema = resolved(schema)
    if schema is True:
        return
    if isinstance(value, list):
        for each in value:
            yield from undocumented(each, schema.get("items", {}), at + "[]")
    elif isinstance(value, dict):
        known = members(schema)
        for key, inner in value.items():
            if key in known:
                yield from undocumented(inner, known[key], f"{at}.{key}")
            elif "additionalProperties" in schema:
                yield from undocumented(inner, schema["additionalProperties"], f"{at}.{key}")
            else:
                yield f"{at}.{key}"


class Document(unittest.TestCase):
    def test_references_and_parameters_are_there(self):
        def look(part):
            if isinstance(part, dict):
                resolved(part)
                part = part.values()
            elif not isinstance(part, list):
                return
            for each in part:
                look(each)

        look(DOCUMENT)
        names = [operation["operationId"] for _, _, operation, _ in operations()]
        self.assertEqual(len(names), len(set(names)))
        tags = {each["name"] for each in DOCUMENT["tags"]}
        for path, method, operation, parameters in operations():
            in_path = {each["name"] for each in parameters if each["in"] == "path"}
            self.assertEqual(in_path, set(re.findall(r"{(\w+)}", path)), path)
            self.assertTrue(set(operation["tags"]) <= tags, path)
            self.assertTrue(operation["summary"], path)
            self.assertEqual("requestBody" in operation, method == "post", path)

    def test_schemas_are_json_schemas(self):
        for name, schema in DOCUMENT["components"]["schemas"].items():
            jsonschema.Draft202012Validator.check_schema(schema)
            self.assertTrue(name)

    def test_version_is_that_of_the_program(self):
        stated = re.search(r"project\(outreachd VERSION ([\d.]+)", (ROOT / "CMakeLists.txt").read_text())[1]
        self.assertEqual(DOCUMENT["info"]["version"], stated)

    def test_routes_in_the_sources_are_documented(self):
        segments = {each for path in DOCUMENT["paths"] for each in path.split("/")}
        words = set()
        for source in SOURCES:
            text = source.read_text()
            # Whole paths, and the words that what follows them is compared with.
            words |= set(re.findall(r'"(/(?:[a-z]+/?)+)"', text))
            words |= set(re.findall(r'(?:rest|word)(?:\.substr\([^)]*\))? [!=]= "/?([a-z-]+)"', text))
        self.assertIn("/api/status", words)
        self.assertIn("replay-from-start", words)
        for word in words:
            known = word in DOCUMENT["paths"] or all(each in segments for each in word.strip("/").split("/"))
            self.assertTrue(known, f"{word} is not documented")


class Asking(unittest.TestCase):
    """Asks `daemon`, and holds what it answers to the document."""

    daemon = None

    def check(self, path, method, asked, status, headers=None):
        """Asks, and holds the answer to what the document says of that status."""
        operation = DOCUMENT["paths"][path][method]
        got, sent, text = self.daemon.ask(method.upper(), asked, (JSON if method == "post" else {}) | (headers or {}),
                                          "{}" if method == "post" else None)
        self.assertEqual(got, status, f"{method} {asked}: {text}")
        self.assertIn(str(status), operation["responses"], f"{method} {path} is not documented to answer so")
        content = resolved(operation["responses"][str(status)])["content"]
        self.assertIn(sent["Content-Type"], content, f"{method} {path}")
        schema = content[sent["Content-Type"]]["schema"]
        value = json.loads(text) if sent["Content-Type"] == "application/json" else text
        validator = jsonschema.Draft202012Validator({"components": DOCUMENT["components"], **schema})
        self.assertEqual([each.message for each in validator.iter_errors(value)], [], f"{method} {asked}")
        self.assertEqual(list(undocumented(value, schema)), [], f"{method} {asked}")
        return value


class Answers(Asking):
    @classmethod
    def setUpClass(cls):
        cls.daemon = daemon = Daemon(PROGRAM, "a token", more=OUTREACH)
        cls.addClassCleanup(daemon.__exit__)
        daemon.start()
        daemon.send(*(body("task.completed", number=each) for each in range(8)), body("prospect.updated", "prospect", 1),
                    body("user.created", "user", 1), b"\xff\xfe", headers={"Outreach-Org-Id": "org"})
        daemon.send(*(body("task.created", number=each) for each in range(2)), secret="wrong", status=401)
        daemon.settle()
        until(lambda: len(daemon.read("/api/quarantine")) == 2, "two requests are in quarantine")
        cls.event = daemon.read("/api/events?name=task.completed&limit=1")[0]["id"]
        cls.dead = [each["id"] for each in daemon.read("/api/dead?handler=crm")]

    def examples(self):
        """For each operation a request that is answered 200, in an order in which it is."""
        unknown = self.daemon.read("/api/events?name=unknown")[0]["id"]
        first, second, third, *rest = self.dead
        self.assertTrue(rest)
        newest, oldest = (each["id"] for each in self.daemon.read("/api/quarantine"))
        return [
            *((path, "get", path) for path in ("/livez", "/readyz", "/metrics", "/api/status", "/api/configuration",
                                               "/api/events", "/api/dead", "/api/quarantine")),
            ("/api/events/{id}", "get", f"/api/events/{self.event}"),
            ("/api/events/{id}", "get", f"/api/events/{unknown}"),
            ("/api/dead/{id}", "get", f"/api/dead/{first}"),
            ("/api/quarantine/{number}", "get", f"/api/quarantine/{newest}"),
            ("/api/events/{id}/replay", "post", f"/api/events/{self.event}/replay?handler=archive"),
            ("/api/events/replay", "post", "/api/events/replay?since=1h&handler=archive&name=task.completed&resource=task:1"),
            ("/api/dead/{id}/replay", "post", f"/api/dead/{first}/replay"),
            ("/api/dead/{id}/replay-from-start", "post", f"/api/dead/{second}/replay-from-start"),
            ("/api/dead/{id}/discard", "post", f"/api/dead/{third}/discard"),
            ("/api/dead/replay", "post", "/api/dead/replay?handler=crm&since=1h&name=task.completed&resource=task:1"),
            ("/api/dead/replay-from-start", "post", "/api/dead/replay-from-start?handler=crm&name=task.completed&resource=task"),
            ("/api/dead/discard", "post", "/api/dead/discard?name=unknown"),
            ("/api/quarantine/{number}/discard", "post", f"/api/quarantine/{oldest}/discard"),
            ("/api/quarantine/recheck", "post", "/api/quarantine/recheck"),
            ("/api/backfill", "get", "/api/backfill"),
            ("/api/backfill", "post", "/api/backfill?since=2h&resources=task,prospect&dry_run=true&force=true"),
            ("/api/backfill", "get", "/api/backfill"),
        ]

    def test_every_operation_answers_as_documented(self):
        examples = self.examples()
        self.assertEqual({(path, method) for path, method, _ in examples},
                         {(path, method) for path, method, _, _ in operations()})
        for path, method, asked in examples:
            value = self.check(path, method, asked, 200)
            if isinstance(value, list):
                self.assertGreater(len(value), 0, f"{asked}: an empty list shows nothing")

    def test_every_documented_parameter_is_taken_and_no_other(self):
        for path, method, operation, parameters in operations():
            if not path.startswith("/api/") or path in ("/api/status", "/api/configuration"):
                continue
            asked = path.replace("{id}", NOBODY).replace("{number}", "999")
            documented = {each["name"] for each in parameters if each["in"] == "query"}
            status, _, text = self.daemon.ask(method.upper(), f"{asked}?nonsense=1", JSON)
            if path in ("/api/events/{id}", "/api/dead/{id}", "/api/quarantine/{number}"):
                self.assertEqual(documented, set())
                continue  # what is looked up by its id heeds no parameters
            self.assertEqual(status, 400, path)
            allowed = re.search(r"allowed are (.*?)$", json.loads(text)["error"])
            self.assertEqual(set(allowed[1].split(", ")) if allowed else set(), documented, f"{path}: {text}")

    def test_refusals_are_as_documented(self):
        for path, method, operation, _ in operations():
            if not path.startswith("/api/"):
                continue
            asked = path.replace("{id}", NOBODY).replace("{number}", "999")
            self.check(path, method, asked, 401, {"Authorization": "Bearer another"})
            self.check(path, method, asked, 403, {"Host": "rebound.example.com"})
            if "{" in path:
                self.check(path, method, path.replace("{id}", "x").replace("{number}", "x"), 400)
                self.check(path, method, asked, 404)
            if method == "post":
                self.check(path, method, asked, 415, {"Content-Type": "text/plain"})
            there = {each for each in ("get", "post") if each in DOCUMENT["paths"][path]}
            other = "DELETE" if len(there) == 2 else "POST" if method == "get" else "GET"
            status, headers, _ = self.daemon.ask(other, asked, JSON)
            self.assertEqual(status, 405, path)
            self.assertTrue(headers["Allow"], path)
        self.check("/api/backfill", "post", "/api/backfill", 400)
        self.check("/api/backfill", "post", "/api/backfill?since=3650d", 409)
        self.check("/metrics", "get", "/metrics", 401, {"Authorization": ""})

    def test_event_that_no_route_takes_cannot_be_replayed(self):
        lost = self.daemon.read("/api/events?name=user.created")[0]["id"]
        self.check("/api/events/{id}/replay", "post", f"/api/events/{lost}/replay", 409)

    def test_health_without_a_token_is_told_without_reasons(self):
        for path in ("/livez", "/readyz"):
            self.assertIn(self.check(path, "get", path, 200, {"Authorization": ""}), ("ok", "ok, but\n"))


class WithOutreach(Asking):
    """A host that receives, and may ask Outreach how it is with its webhooks."""

    @classmethod
    def setUpClass(cls):
        cls.outreach = outreach = Sandbox(PROGRAM)
        cls.addClassCleanup(outreach.stop)
        outreach.start()
        outreach.suspend_webhook("account", "created")
        cls.daemon = Daemon(PROGRAM, more=outreach.settings("account.created", "task.completed"))
        cls.addClassCleanup(cls.daemon.__exit__)
        cls.daemon.start()

    def test_status_with_webhooks_and_a_backfill_is_as_documented(self):
        begun = self.check("/api/status", "get", "/api/status", 200)
        self.assertEqual(begun["webhooks"], {"looked_at": None, "problem": None, "list": [], "left_out": 0})
        self.assertFalse(begun["backfill"]["running"])
        until(lambda: self.daemon.read("/api/status")["backfill"]["gap_since"], "it has looked, and found a webhook suspended")
        self.check("/api/backfill", "post", "/api/backfill?since=2h&resources=account", 200)
        told = self.check("/api/status", "get", "/api/status", 200)
        self.assertEqual([each["resource"] for each in told["webhooks"]["list"]], ["account", "task"])
        self.assertIn("can't be resolved", told["webhooks"]["list"][0]["disabled_reason"])
        self.assertIsNone(told["webhooks"]["list"][1]["id"])
        self.assertEqual(told["backfill"]["gap_since"], told["webhooks"]["list"][0]["disabled_since"])
        self.assertIn("started_at", told["backfill"])


if __name__ == "__main__":
    PROGRAM = sys.argv[1]
    unittest.main(argv=[sys.argv[0], *sys.argv[2:]], verbosity=2)
