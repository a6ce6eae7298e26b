#!/usr/bin/python3 -B
"""Shows that each rule of check_source.py bites: a good tree passes, one bad change at a time doesn't."""

import tempfile
import unittest
from pathlib import Path

import check_source
import rules

GOOD_TREE = {
    "CMakeLists.txt": "project(outreachd)\n",
    "daemon/main.cpp": '/// Starts it.\n#include "daemon/command_line/send.hpp"\n#include "daemon/ingress/listener.hpp"\n'
                       '#include "daemon/store/store.hpp"\n#include "handlers/handler.hpp"\n',
    "daemon/command_line/send.hpp": "/// Sends.\n#pragma once\n#include <CLI/CLI.hpp>\n",
    "daemon/event/event.hpp": "/// An event.\n#pragma once\n#include <string>\n",
    "daemon/crypto/digest.cpp": "/// SHA-256.\n#include <openssl/evp.h>\n#include <sys/stat.h>\n#include <unistd.h>\n",
    "daemon/store/store.hpp": '/// Keeps.\n#pragma once\n#include "daemon/event/event.hpp"\n#include <sqlite3.h>\n',
    "daemon/ingress/listener.hpp": "/// Listens.\n#pragma once\n#include <boost/asio/awaitable.hpp>\n",
    "handlers/handler.hpp": '/// Handles.\n#pragma once\n#include "daemon/event/event.hpp"\n',
    "tests/run": "#!/bin/bash\n# Runs the tests.\n",
    "tests/unit/store/store_test.cpp": '/// Tests.\n#include "daemon/store/store.hpp"\n#include <gtest/gtest.h>\n#include <sqlite3.h>\n',
    "tests/samples/sequenceState.finished.json": "{}\n",
}

# What is done to the good tree -> the one message that must come of it.
BAD_CHANGES = {
    "a lower layer includes a higher one": (
        {"daemon/event/reader.cpp": '/// Reads.\n#include "daemon/store/store.hpp"\n'},
        "daemon/event/reader.cpp:2: includes daemon/store/store.hpp of layer 4 from layer 2"),
    "a folder includes its sibling": (
        {"daemon/dispatch/router.cpp": '/// Routes.\n#include "daemon/ingress/listener.hpp"\n'},
        "daemon/dispatch/router.cpp:2: includes daemon/ingress/listener.hpp of its sibling daemon/ingress"),
    "a folder deep down includes a sibling of its layer": (
        {"handlers/outreach/steps.cpp": '/// Steps.\n#include "daemon/signature/hmac.hpp"\n',
         "daemon/signature/hmac.hpp": "/// Signs.\n#pragma once\n"},
        "handlers/outreach/steps.cpp:2: includes daemon/signature/hmac.hpp of its sibling daemon/signature"),
    "a folder includes a file right in daemon/": (
        {"daemon/app.hpp": "/// Wires.\n#pragma once\n",
         "daemon/admin/status.cpp": '/// Status.\n#include "daemon/app.hpp"\n'},
        "daemon/admin/status.cpp:2: includes daemon/app.hpp of layer 7 from layer 6"),
    "a folder nobody gave a layer": (
        {"daemon/extras/extra.cpp": "/// More.\n"},
        "daemon/extras/extra.cpp:1: stands in no folder that rules.LAYERS knows"),
    "an include relative to the file": (
        {"daemon/event/reader.cpp": '/// Reads.\n#include "event.hpp"\n'},
        'daemon/event/reader.cpp:2: includes "event.hpp", which is no path from the root'),
    "our own header in angle brackets": (
        {"daemon/event/reader.cpp": "/// Reads.\n#include <daemon/event/event.hpp>\n"},
        "daemon/event/reader.cpp:2: includes our own <daemon/event/event.hpp> in angle brackets"),
    "the program includes a test": (
        {"daemon/event/reader.cpp": '/// Reads.\n#include "tests/fakes/clock.hpp"\n',
         "tests/fakes/clock.hpp": "/// A clock.\n#pragma once\n"},
        "daemon/event/reader.cpp:2: includes tests/fakes/clock.hpp: the program knows no tests"),
    "a library away from home": (
        {"daemon/dispatch/feeder.cpp": "/// Feeds.\n#include <sqlite3.h>\n"},
        "daemon/dispatch/feeder.cpp:2: includes <sqlite3.h>, whose home is daemon/store/"),
    "a library in the right folder but the wrong file": (
        {"daemon/event/reader.cpp": "/// Reads.\n#include <openssl/evp.h>\n"},
        "daemon/event/reader.cpp:2: includes <openssl/evp.h>, whose home is daemon/crypto/digest.cpp"),
    "a library below daemon/ that belongs right in it": (
        {"daemon/store/notify.cpp": "/// Notifies.\n#include <systemd/sd-daemon.h>\n"},
        "daemon/store/notify.cpp:2: includes <systemd/sd-daemon.h>, whose home is daemon/*"),
    "a library nobody gave a home": (
        {"daemon/store/pack.cpp": "/// Packs.\n#include <absl/strings/cord.h>\n"},
        "daemon/store/pack.cpp:2: includes <absl/strings/cord.h>, a library without a home"),
    "an event that nobody signed": (
        {"daemon/ingress/listener.cpp": "/// Listens.\nauto forged = verifier::of_fetched(made);\n"},
        "daemon/ingress/listener.cpp:2: names of_fetched, whose home is daemon/signature/verifier.hpp"),
    "a header that nobody includes": (
        {"daemon/store/forgotten.hpp": "/// Forgotten.\n#pragma once\n"},
        "daemon/store/forgotten.hpp:1: is included by no file"),
    "a header without its guard": (
        {"daemon/store/store.hpp": '/// Keeps.\n#include "daemon/event/event.hpp"\n'},
        "daemon/store/store.hpp:1: has no #pragma once"),
    "a source that doesn't say what it is for": (
        {"daemon/store/writer.cpp": "#include <string>\n"},
        "daemon/store/writer.cpp:1: doesn't open with its purpose"),
    "a test of the whole that doesn't say what it is for": (
        {"tests/faults/disk_test.cpp": "#include <string>\n"},
        "tests/faults/disk_test.cpp:1: doesn't open with its purpose"),
    "a command that doesn't say what it is for": (
        {"tests/run": "#!/bin/bash\nset -e\n"},
        "tests/run:2: doesn't open with its purpose"),
    "a file that is too long": (
        {"daemon/store/writer.cpp": "/// Writes.\n" + "int x;\n" * rules.LINES_MAX},
        f"daemon/store/writer.cpp:{rules.LINES_MAX + 1}: is longer than {rules.LINES_MAX} lines"),
    "a file that is named by nothing": (
        {"daemon/store/sqlite_utils.cpp": "/// All sorts.\n"},
        "daemon/store/sqlite_utils.cpp:1: is called 'utils'"),
    "a folder that is named by nothing": (
        {"tests/common/clock.py": '"""A clock."""\n'},
        "tests/common/clock.py:1: is called 'common'"),
    "a file in another spelling": (
        {"daemon/store/eventWriter.cpp": "/// Writes.\n"},
        "daemon/store/eventWriter.cpp:1: isn't named in snake_case"),
    "work left over": (
        {"daemon/store/writer.cpp": "/// Writes.\n// TO" "DO: flush\n"},
        "daemon/store/writer.cpp:2: left over: TO" "DO"),
    "a test that is switched off": (
        {"tests/unit/store/writer_test.cpp": "/// Tests.\nTEST(Writer, DISABLED" "_Flushes) {}\n"},
        "tests/unit/store/writer_test.cpp:2: left over: DISABLED" "_"),
    "a path outside the project": (
        {"CMakeLists.txt": "include(/wo" "rk/other.cmake)\n"},
        "CMakeLists.txt:1: names /wo" "rk/, which is outside the project"),
    "a thing at the top that has no place there": (
        {"notes.md": "# Notes\n"},
        "notes.md:1: has no place at the top level"),
}


def breaches_of(files):
    with tempfile.TemporaryDirectory() as root:
        for path, text in files.items():
            target = Path(root, path)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text, encoding="utf-8")
        return check_source.breaches(root)[0]


class CheckSource(unittest.TestCase):
    def test_good_tree_passes(self):
        self.assertEqual(breaches_of(GOOD_TREE), [])

    def test_header_that_only_cmake_names_is_used(self):
        files = GOOD_TREE | {"daemon/precompiled.hpp": "/// Compiled once.\n#pragma once\n",
                             "daemon/CMakeLists.txt": "target_precompile_headers(x PUBLIC precompiled.hpp)\n"}
        self.assertEqual(breaches_of(files), [])

    def test_source_beside_its_header_needs_no_purpose_of_its_own(self):
        self.assertEqual(breaches_of(GOOD_TREE | {"daemon/store/store.cpp": '#include "daemon/store/store.hpp"\n'}), [])

    def test_unit_test_says_by_its_name_what_it_is_for(self):
        self.assertEqual(breaches_of(GOOD_TREE | {"tests/unit/store/writer_test.cpp": "#include <string>\n"}), [])

    def test_file_of_the_greatest_length_passes(self):
        text = "/// Writes.\n" + "int x;\n" * (rules.LINES_MAX - 1)
        self.assertEqual(breaches_of(GOOD_TREE | {"daemon/store/writer.cpp": text}), [])

    def test_what_others_put_into_the_tree_is_not_judged(self):
        files = GOOD_TREE | {"build/release/Common.cpp": "", "tests/bench/node_modules/x/Utils.py": ""}
        self.assertEqual(breaches_of(files), [])

    def test_every_rule_bites_alone(self):
        unexpected_line = "is included by no file"  # a bad tree's extra header need not be used elsewhere
        for what, (change, message) in BAD_CHANGES.items():
            with self.subTest(what):
                found = breaches_of(GOOD_TREE | change)
                self.assertTrue(any(line.startswith(message) for line in found), f"{message!r} not in {found}")
                others = [line for line in found if not line.startswith(message) and unexpected_line not in line]
                self.assertEqual(others, [])

    def test_every_rule_has_its_bad_tree(self):
        hit = set()
        for change, message in BAD_CHANGES.values():
            with tempfile.TemporaryDirectory() as root:
                for path, text in (GOOD_TREE | change).items():
                    target = Path(root, path)
                    target.parent.mkdir(parents=True, exist_ok=True)
                    target.write_text(text, encoding="utf-8")
                tree = check_source.Tree(root)
                hit |= {check for check in check_source.CHECKS if list(check(tree))}
        self.assertEqual(hit, set(check_source.CHECKS))


if __name__ == "__main__":
    unittest.main()
