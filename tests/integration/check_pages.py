#!/usr/bin/python3 -B
"""What README.md and the pages of deploy/ tell people to type is there: each command of outreachd with its options, each
link with its heading, each file of the project that a command names. Those commands that can be are run.

usage: check_pages.py PROGRAM
"""

import re
import shlex
import subprocess
import sys
from pathlib import Path

import documented_commands

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "deploy").glob("*.md"))]
# At the start, or behind what runs a command: elsewhere it is the name of a user, a unit, a container.
COMMAND = re.compile(r"(?:^|(?<!/default)/|&& |; |\$\(| -- |-u outreachd (?=outreachd)| exec \S+ |systemd-run [^`|;&>]* )"
                     r"outreachd ([a-z-][^`|;&>]*)")
SYSTEMD_RUN = re.compile(r"(?m)systemd-run (-.*?) outreachd(?: [a-z]|'|$)")
problems = []
helps = {}


def help_of(program, words):
    """(commands, options) that `outreachd WORDS --help` lists."""
    if words not in helps:
        text = subprocess.run([program, *words, "--help"], capture_output=True, text=True, check=True).stdout
        part = re.compile(r"(?ms)^(Commands|Options):\n(.*?)(?:\n\n|\Z)")
        lines = {name: re.findall(r"(?m)^  (\S+)", body) for name, body in part.findall(text)}
        options = {one for line in lines.get("Options", []) for one in line.split(",")}
        helps[words] = set(lines.get("Commands", [])), options
    return helps[words]


def check_command(program, where, line):
    words = ()
    for word in line.split():
        commands, options = help_of(program, words)
        if word in commands:
            words += (word,)
        elif re.fullmatch(r"--?[a-z][a-z-]*", word):
            # Those of the program itself may stand anywhere.
            if word not in options | {"--help", "-h", "-c", "--config"}:
                problems.append(f"{where}: outreachd {' '.join(words)} has no {word}: {line}")
        elif commands and re.fullmatch(r"[a-z]+", word):
            problems.append(f"{where}: outreachd {' '.join(words)} has no command {word}: {line}")
    return bool(words)


def commands_of(text):
    """Lines of code blocks, with those that a backslash continues as one, and code within sentences."""
    text = text.replace("\\\n", " ")
    blocks = re.findall(r"(?m)^    (\S.*)$", text)
    inline = re.findall(r"(?<!`)`([^`\n]+)`(?!`)", re.sub(r"(?ms)^```.*?^```", "", text))
    # A row about one command has the others beside it without the program's name.
    rows = [one for cell in re.findall(r"(?m)^\| (`outreachd [^|]*) \|", text) for one in re.findall(r"`([^`]+)`", cell)]
    for code in blocks + inline + [row if row.startswith("outreachd ") else f"outreachd {row}" for row in rows]:
        code = code.split("  #")[0]
        for match in COMMAND.finditer(code):
            yield match[1]


def check_systemd_run(where, text):
    """That it knows its options; more can't be told without a systemd that runs."""
    for options in SYSTEMD_RUN.findall(text.replace("\\\n", " ")):
        ended = subprocess.run(["systemd-run", *shlex.split(options), "--help"], capture_output=True, text=True,
                               check=False)
        if ended.returncode:
            problems.append(f"{where}: systemd-run {options}: {ended.stderr}")


def anchors_of(path):
    headings = re.findall(r"(?m)^#+ (.*)$", path.read_text(encoding="utf-8"))
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def main():
    program = sys.argv[1]
    commands = links = 0
    typed = []
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        check_systemd_run(page.name, text)
        for line in commands_of(text):
            commands += check_command(program, page.name, line)
            typed.append(line)
        for link in re.findall(r"\]\(([^)]+)\)", text):
            path, _, anchor = link.partition("#")
            if "://" in path:
                continue
            links += 1
            target = page.parent / path if path else page
            if not target.exists():
                problems.append(f"{page.name}: links to {link}, which isn't there")
            elif anchor and anchor not in anchors_of(target):
                problems.append(f"{page.name}: {link}: no such heading")
        for path in re.findall(r"(?<![\w/.-])(?:deploy|systemd|config|tests)/[\w./-]*\w", text):
            if not (ROOT / path).exists() and not (ROOT / "config" / path).exists():
                problems.append(f"{page.name}: names {path}, which isn't there")
    failed, run = documented_commands.problems_of(program, typed)
    problems.extend(failed)
    for problem in problems:
        print(problem)
    print(f"{len(PAGES)} pages, {commands} commands, {run} of them run, {links} links, {len(problems)} problems")
    return 1 if problems or commands < 40 or run < 30 or links < 20 else 0


if __name__ == "__main__":
    sys.exit(main())
