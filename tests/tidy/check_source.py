#!/usr/bin/python3 -B
"""Holds the source tree to rules.py: layers, homes of libraries, names, lengths, leftovers.

    check_source.py [TREE]      prints FILE:LINE: message for each breach; exit 1 if there is one
"""

import re
import sys
from pathlib import Path

import rules

INCLUDE = re.compile(r'^\s*#\s*include\s*(["<])([^">]+)[">]')


class Tree:
    """All files of the project as text, by their path from the root."""

    def __init__(self, root):
        self.root = Path(root)
        self.top_level = sorted(entry.name for entry in self.root.iterdir())
        self.lines = {}
        for path in sorted(self.root.rglob("*")):
            relative = path.relative_to(self.root)
            if rules.IGNORED_FOLDERS.intersection(relative.parts) or not path.is_file():
                continue
            try:
                self.lines[relative.as_posix()] = path.read_text(encoding="utf-8").splitlines()
            except UnicodeDecodeError:
                pass  # a corpus, an image: no source

    def is_program(self, path):
        """Has an interpreter named in its first line."""
        return bool(self.lines[path]) and self.lines[path][0].startswith("#!")

    def is_code(self, path):
        return path.endswith((".cpp", ".hpp", ".py", ".sh", ".cmake", "CMakeLists.txt")) or self.is_program(path)

    def code(self, *endings):
        """Paths of the code files with one of `endings`; of all where none is given."""
        return [path for path in self.lines if self.is_code(path) and path.endswith(endings or "")]

    def includes(self, path):
        """(line number, bracket, header) of each include of a file."""
        for number, line in enumerate(self.lines[path], 1):
            if found := INCLUDE.match(line):
                yield number, found[1], found[2]


def folder_of(path):
    return path.rpartition("/")[0]


def layer_of(path):
    """(layer, the folder that stands in rules.LAYERS), or None for what is in no layer."""
    folder = folder_of(path)
    while folder:
        for layer, folders in enumerate(rules.LAYERS):
            # The files right in daemon/ are a layer of their own; what is deeper has to be named.
            if folder in folders and (folder != "daemon" or folder_of(path) == "daemon"):
                return layer, folder
        folder = folder_of(folder)
    return None


def is_at_home(path, homes):
    return any(path == home or (home.endswith("/") and path.startswith(home))
               or (home.endswith("/*") and folder_of(path) == home[:-2]) for home in homes)


def check_layers(tree):
    for path in tree.code(".cpp", ".hpp"):
        own = layer_of(path)
        if own is None:
            if not path.startswith("tests/"):
                yield path, 1, "stands in no folder that rules.LAYERS knows"
            continue
        for number, bracket, header in tree.includes(path):
            other = layer_of(header) if bracket == '"' else None
            if other is None or other[1] == own[1]:
                continue
            if other[0] > own[0]:
                yield path, number, f"includes {header} of layer {other[0]} from layer {own[0]}"
            elif other[0] == own[0] and not (rules.TOP_LAYER_IS_ONE and own[0] == len(rules.LAYERS) - 1):
                yield path, number, f"includes {header} of its sibling {other[1]}"


def check_include_paths(tree):
    for path in tree.code(".cpp", ".hpp"):
        for number, bracket, header in tree.includes(path):
            if bracket == '"' and header not in tree.lines:
                yield path, number, f'includes "{header}", which is no path from the root'
            if bracket == "<" and header in tree.lines:
                yield path, number, f"includes our own <{header}> in angle brackets"
            if header.startswith("tests/") and not path.startswith("tests/"):
                yield path, number, f"includes {header}: the program knows no tests"


def check_library_homes(tree):
    for path in tree.code(".cpp", ".hpp"):
        if path.startswith("tests/"):
            continue
        for number, bracket, header in tree.includes(path):
            if bracket != "<" or header in tree.lines:
                continue
            homes = next((homes for start, homes in rules.LIBRARY_HOMES.items() if header.startswith(start)), None)
            if homes is None:
                if not re.fullmatch(rules.SYSTEM_HEADERS, header):
                    yield path, number, f"includes <{header}>, a library without a home in rules.LIBRARY_HOMES"
            elif not is_at_home(path, homes):
                yield path, number, f"includes <{header}>, whose home is {', '.join(homes)}"


def check_reserved_names(tree):
    for path in tree.code(".cpp", ".hpp"):
        if path.startswith("tests/"):
            continue
        for number, line in enumerate(tree.lines[path], 1):
            for name, homes in rules.RESERVED_NAMES.items():
                if re.search(rf"\b{name}\b", line) and not is_at_home(path, homes):
                    yield path, number, f"names {name}, whose home is {', '.join(homes)}"


def check_unused_headers(tree):
    included = {header for path in tree.code(".cpp", ".hpp") for _, _, header in tree.includes(path)}
    for path in tree.code(".hpp"):
        folder, _, name = path.rpartition("/")
        # A precompiled header is named by its folder's CMake file alone.
        built = tree.lines.get(f"{folder}/CMakeLists.txt", [])
        if path not in included and not any(name in line for line in built):
            yield path, 1, "is included by no file"


def check_pragma_once(tree):
    for path in tree.code(".hpp"):
        if "#pragma once" not in tree.lines[path]:
            yield path, 1, "has no #pragma once"


def check_purpose(tree):
    for path in tree.code():
        lines = tree.lines[path]
        # A .cpp beside its header has the header's purpose, a unit test that of what its name says.
        if (path.endswith("CMakeLists.txt") or (path.endswith(".cpp") and path[:-4] + ".hpp" in tree.lines)
                or (path.startswith("tests/unit/") and path.endswith("_test.cpp"))):
            continue
        start = 1 if tree.is_program(path) else 0
        opening = lines[start] if len(lines) > start else ""
        if path.endswith((".cpp", ".hpp")):
            says_why = opening.startswith("/// ")
        else:
            says_why = opening.startswith(("# ", '"""'))
        if not says_why:
            yield path, start + 1, "doesn't open with its purpose, as a comment"


def check_length(tree):
    for path in tree.code():
        if len(tree.lines[path]) > rules.LINES_MAX:
            yield path, rules.LINES_MAX + 1, f"is longer than {rules.LINES_MAX} lines: it holds two things"


def check_names(tree):
    for path in tree.code():
        name = path.rpartition("/")[2]
        if name not in rules.CODE_NAMES_GIVEN_BY_OTHERS and not re.fullmatch(rules.CODE_NAME, name):
            yield path, 1, "isn't named in snake_case"
        banned = rules.BANNED_WORDS_IN_NAMES.intersection(re.split(r"[/_.]", path))
        if banned:
            yield path, 1, f"is called '{banned.pop()}': name the things it holds"


def check_leftovers(tree):
    for path, lines in tree.lines.items():
        for number, line in enumerate(lines, 1):
            if found := re.search(rules.LEFTOVERS, line):
                yield path, number, f"left over: {found[0]}"


def check_stands_alone(tree):
    for path, lines in tree.lines.items():
        for number, line in enumerate(lines, 1):
            if found := re.search(rules.OUTSIDE_PATHS, line):
                yield path, number, f"names {found[0]}, which is outside the project"


def check_top_level(tree):
    for name in tree.top_level:
        if name not in rules.TOP_LEVEL:
            yield name, 1, "has no place at the top level"


CHECKS = [check_layers, check_include_paths, check_library_homes, check_reserved_names, check_unused_headers,
          check_pragma_once, check_purpose, check_length, check_names, check_leftovers, check_stands_alone,
          check_top_level]


def breaches(root):
    tree = Tree(root)
    return [f"{path}:{line}: {message}" for check in CHECKS for path, line, message in check(tree)], len(tree.lines)


def main():
    root = sys.argv[1] if len(sys.argv) > 1 else Path(__file__).resolve().parents[2]
    found, file_count = breaches(root)
    for line in found:
        print(line)
    print(f"{file_count} files, {len(CHECKS)} rules, {len(found)} breaches")
    if file_count == 0:
        print(f"{root} holds no files: is this the project?")
    return 1 if found or file_count == 0 else 0


if __name__ == "__main__":
    sys.exit(main())
