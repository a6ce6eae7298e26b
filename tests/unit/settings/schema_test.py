#!/usr/bin/env python3
"""The JSON Schema for editors against `outreachd check`: both refuse the same files, as far as structure goes.

The files are those of broken/, with the messages of `check` beside them, and the shipped examples. What each
message is about decides whether a schema can know it.
"""

import json
import pathlib
import re
import sys

import jsonschema
import yaml

HERE = pathlib.Path(__file__).resolve().parent
CONFIG = HERE.parents[2] / "config"

# What a schema can say: keys, types, ranges, forms.
STRUCTURE = [
    r"unknown key", r"should be (a|one|text|true|visible|embedded)", r"unknown handler type",
    r"is not (a whole number|a number|from|debug|info|warn|error|text|resource|reject|embedded|off|oauth|quorum|store|an IP address)",
    r"is (neither 'off'|no name for|an empty list|no role|empty$|no scope|no event|no resource)", r"a step is a request", r"the unit is missing",
    r"a (duration|size) is a whole number", r"is missing; give", r"needs exactly one of",
    r"has no value", r"should be true or false", r"should begin with '/'", r"is not an absolute path",
    r"names that begin with 'amq", r"more than 16 nodes", r"stands in the list already",
    r"holds (a '\?'|no '/')", r"is not raw or", r"is no (header's name|method)", r"^(listen|log|handlers|admin|endpoints|store)[^:]*: '.*' is not ", r"too large",
]
# What it can't: other keys, files, the environment, how the text was written.
BEYOND = [
    r"given twice", r"there is no handler", r"can't read", r"holds no (private key|certificate)",
    r"is the path of", r"is the port of", r"environment variable", r"needs a loopback address", r"is longer than",
    r"names a directory", r"is a directory", r"can be reached from outside",
    r"the secret is empty", r"needs a secret", r"holds a (blank|control character)", r"'\$\{",
    r"one role alone", r"no AMQP URI", r"another vhost", r"jq", r"leave out the \$\{\{", r"a credential's name",
    r"is shorter than", r"without quotes",
    r"should begin with (http|amqp)", r"holds a (user|'#'|space)", r"is no (URL such|proxy's URL|host:)", r"in its path",
    r"an expression decides", r"is not in 'allow_hosts'", r"is not yours to give", r"is what 'sign' gives",
    r"hands nothing over", r"can't stand beside", r"can't hold an expression", r"is no base64", r"has no meaning",
    r"is never closed", r"closes nothing", r"can't depend on the event", r"neither an absolute path nor", r"is set by the daemon",
    r"is how a program says", r"isn't allowed", r"to take its place",
    r"would send secrets", r"has a query; give", r"there is no endpoint", r"no private key in PEM", r"needs a section 'outreach'",
    r"a step is one request", r"an earlier step", r"no earlier step", r"carries no body", r"leave out the \$\{\{", r"goes with",
    r"has no filter", r"or be a whole URL",
]
# What is no YAML, or more than a parser takes.
NO_YAML = [
    r"not YAML", r"the quote that opens", r"isn't UTF-8", r"this alias", r"nested more than", r"every alias",
    r"the file is empty", r"a second document", r"tags aren't understood", r"can't stand in YAML",
    r"a tab", r"a key should be a word",
]


class CoreLoader(yaml.SafeLoader):
    """YAML 1.2's core schema: `off` and `no` are text."""


CoreLoader.yaml_implicit_resolvers = {}
for tag, pattern, first in [
    ("tag:yaml.org,2002:null", r"^(~|null|)$", ["~", "n", ""]),
    ("tag:yaml.org,2002:bool", r"^(true|false)$", list("tf")),
    ("tag:yaml.org,2002:int", r"^[-+]?[0-9]+$", list("-+0123456789")),
    ("tag:yaml.org,2002:float", r"^[-+]?[0-9]+(\.[0-9]*)?([eE][-+]?[0-9]+)?$", list("-+.0123456789")),
]:
    CoreLoader.add_implicit_resolver(tag, re.compile(pattern), first)
CoreLoader.add_constructor("tag:yaml.org,2002:int", lambda loader, node: int(loader.construct_scalar(node)))


def is_any(message, patterns):
    return any(re.search(pattern, message) for pattern in patterns)


def main():
    schema = json.loads((CONFIG / "outreachd.schema.json").read_text())
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema)
    problems = []
    refused = accepted = 0

    def complaint(path):
        try:
            found = yaml.load(path.read_text(), CoreLoader)
        except yaml.constructor.ConstructorError as error:
            return f"no JSON: {error.problem}"
        error = jsonschema.exceptions.best_match(validator.iter_errors(found))
        return None if error is None else f"{error.json_path}: {error.message}"

    for path in sorted(CONFIG.rglob("*.yaml")):
        why = complaint(path)
        accepted += 1
        if why:
            problems.append(f"{path.name}: the schema refuses a shipped file: {why}")

    for path in sorted((HERE / "broken").glob("*.yaml")):
        messages = [re.sub(r"^\d+:\d+: ", "", line)
                    for line in path.with_suffix(".expected").read_text().splitlines()]
        if any(is_any(each, NO_YAML) for each in messages):
            continue
        for each in messages:
            if not is_any(each, STRUCTURE) and not is_any(each, BEYOND):
                problems.append(f"{path.name}: say in schema_test.py whether a schema can know this: {each}")
        structural = [each for each in messages if is_any(each, STRUCTURE) and not is_any(each, BEYOND)]
        why = complaint(path)
        refused += 1 if structural else 0
        if structural and not why:
            problems.append(f"{path.name}: the schema takes what `check` refuses: {structural[0]}")
        if not structural and why:
            problems.append(f"{path.name}: the schema refuses what only `check` can know: {why}")

    print("\n".join(problems))
    print(f"{accepted} shipped files accepted, {refused} broken ones refused, {len(problems)} differences")
    return 1 if problems or accepted < 14 or refused < 50 else 0


if __name__ == "__main__":
    sys.exit(main())
