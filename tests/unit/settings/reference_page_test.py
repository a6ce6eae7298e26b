#!/usr/bin/python3 -B
"""outreachd.yaml(5), made of config/reference.md: whole, without a warning of man and groff, and as it was written."""

import json
import os
import re
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[3]
sys.path.insert(0, str(PROJECT / "deploy"))
import reference_page  # noqa: E402

REFERENCE = (PROJECT / "config/reference.md").read_text(encoding="utf-8")


def run(*command):
    """What it says on stdout; a word on stderr is a failure."""
    environment = os.environ | {"LC_ALL": "C.UTF-8", "MANWIDTH": "80", "MANROFFOPT": "", "MANOPT": ""}
    done = subprocess.run(command, env=environment, capture_output=True, encoding="utf-8", check=False)
    if done.returncode != 0 or done.stderr:
        raise AssertionError(f"{' '.join(map(str, command))}: {done.returncode} {done.stderr}")
    return done.stdout


def page_of(markdown):
    return reference_page.page_of(markdown, "1.2.3", "2026-01-02")


def shown(page):
    """The page as `man` shows it on a terminal of 80 columns, without bold."""
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory, "outreachd.yaml.5")
        path.write_text(page, encoding="ascii")
        return run("man", "--warnings", "-E", "UTF-8", "-l", path)


def body(page):
    """What is shown between DESCRIPTION and FILES, line by line, without the indentation and empty lines."""
    lines = [line.strip() for line in shown(page).splitlines()]
    return [line for line in lines[lines.index("DESCRIPTION") + 1:lines.index("FILES")] if line]


def squeezed(text):
    """For a comparison over line breaks, and of the quotes that man makes curly."""
    return re.sub(r"\s", "", text).replace("’", "'").replace("‘", "'").replace("…", "...")


def bare(markdown):
    """One line as the page shows it, found without a library."""
    text = re.sub(r"\[([^]]*)\]\((https:[^)]*)\)", r"\1 ⟨\2⟩", markdown)
    text = re.sub(r"\[([^]]*)\]\([^)]*\)", r"\1", text)
    # Code with blanks at its ends is in quotes.
    text = re.sub(r"`([^`]*)`", lambda code: f'"{code[1]}"' if code[1] != code[1].strip() else code[1], text)
    return squeezed(text.replace("**", "").lstrip("# "))


def table_rows():
    """The bare cells of each row of the reference; headings and rules left out."""
    lines = REFERENCE.splitlines()
    for before, line in zip(lines, lines[1:] + [""]):
        if before.startswith("|") and not before.startswith("| ---") and not line.startswith("| ---"):
            yield [bare(cell.strip()) for cell in before.strip("|").split("|")]


def tagged_paragraphs(page):
    """The squeezed text of each tagged paragraph of the page's source, up to FILES."""
    text = page[:page.index("\n.SH FILES")]
    for written, meant in ((r"\fB", ""), (r"\fR", ""), (r"\&", ""), ("\n.br\n", "\n"), (r"\-", "-"), (r"\(aq", "'"),
                           (r"\(ga", "`"), (r"\(ti", "~"), (r"\(ha", "^"), (r"\(la", "⟨"), (r"\(ra", "⟩")):
        text = text.replace(written, meant)
    return [squeezed(re.split(r"^\.(?:PP|SH|SS)", each, flags=re.MULTILINE)[0]) for each in text.split("\n.TP\n")[1:]]


def schema_keys(schema):
    if isinstance(schema, dict):
        yield from schema.get("properties", {})
        for each in schema.values():
            yield from schema_keys(each)
    elif isinstance(schema, list):
        for each in schema:
            yield from schema_keys(each)


class Reference(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.page = page_of(REFERENCE)
        cls.shown = shown(cls.page)

    def test_page_is_known_by_its_name(self):
        with tempfile.TemporaryDirectory() as directory:
            path = Path(directory, "outreachd.yaml.5")
            path.write_text(self.page, encoding="ascii")
            self.assertIn('"outreachd.yaml - configuration of outreachd(8)"', run("lexgrog", path))
        self.assertRegex(self.shown, r"^OUTREACHD.YAML\(5\) .* OUTREACHD.YAML\(5\)\n")
        self.assertRegex(self.shown, r"\noutreachd 1.2.3 +2026-01-02 +OUTREACHD.YAML\(5\)\n*$")

    def test_every_row_of_every_table_arrives_in_order(self):
        rows, paragraphs = list(table_rows()), tagged_paragraphs(self.page)
        self.assertGreater(len(rows), 100)
        self.assertEqual(len(rows), len(paragraphs))
        for cells, paragraph in zip(rows, paragraphs):
            with self.subTest(cells):
                self.assertTrue(paragraph.startswith(cells[0]), paragraph)
                for cell in cells:
                    self.assertIn(cell, paragraph)
                # No more than its cells, and the few words between them.
                self.assertLess(len(paragraph), len("".join(cells)) + 40)

    def test_every_paragraph_and_heading_arrives(self):
        text = squeezed(self.shown)
        lines = [line for line in REFERENCE.splitlines() if line and not line.startswith(("|", "# "))]
        self.assertGreater(len(lines), 50)
        self.assertEqual([line for line in lines if bare(line) not in text], [])

    def test_every_key_of_the_schema_is_explained(self):
        schema = json.loads((PROJECT / "config/outreachd.schema.json").read_text(encoding="utf-8"))
        bold = " ".join(re.findall(r"\\fB(.*?)\\fR", self.page)).replace(r"\-", "-")
        explained = set(re.findall(r"\w+", bold))
        keys = set(schema_keys(schema))
        self.assertGreater(len(keys), 60)
        self.assertEqual(keys - explained, set())

    def test_files_it_names_are_shipped(self):
        documents = re.findall(r"^ +/usr/share/doc/outreachd/(\S+)$", self.shown, flags=re.MULTILINE)
        self.assertGreater(len(documents), 3)
        for each in documents:
            self.assertTrue((PROJECT / each).exists(), each)

    def test_nothing_is_wider_than_the_terminal(self):
        self.assertEqual([line for line in self.shown.splitlines() if len(line) > 80], [])

    def test_groff_has_no_warning_for_either_page(self):
        with tempfile.TemporaryDirectory() as directory:
            path = Path(directory, "outreachd.yaml.5")
            path.write_text(self.page, encoding="ascii")
            for device in ("utf8", "ascii"):
                run("groff", "-man", "-ww", "-z", f"-T{device}", path)
        run("groff", "-mdoc", "-ww", "-z", "-Tutf8", PROJECT / "deploy/outreachd.8")
        run("man", "--warnings", "-E", "UTF-8", "-l", PROJECT / "deploy/outreachd.8")


class Markdown(unittest.TestCase):
    def test_row_of_a_key_is_a_tagged_paragraph(self):
        lines = body(page_of("| key | type | default | range | what goes wrong |\n| --- | --- | --- | --- | --- |\n"
                             "| `port.number` | number | `8443` | 0 to 65535 | Taken: an error |\n"
                             "| `certificate` | text | **required** | | |\n"))
        self.assertEqual(lines, ["port.number", "number (0 to 65535); default 8443", "Taken: an error.",
                                 "certificate", "text; required"])

    def test_columns_before_the_key_are_part_of_its_tag(self):
        lines = body(page_of("| type | key | type | default | what goes wrong |\n| --- | --- | --- | --- | --- |\n"
                             "| `http` | `method` | capital letters | `POST` | Nothing |\n"))
        self.assertEqual(lines, ["http: method", "capital letters; default POST", "Nothing."])

    def test_several_columns_of_prose_keep_their_headings(self):
        lines = body(page_of("| where | a string | anything else |\n| --- | --- | --- |\n"
                             "| in a longer text | as it is | as JSON |\n"))
        self.assertEqual(lines, ["in a longer text", "a string: as it is", "anything else: as JSON"])

    def test_blocks(self):
        lines = body(page_of("## `listen`: where\n\nBelow it.\n\n- one\n- two:\n  - deep\n\nAfter it:\n\n"
                             "    a:\n      - 'b'   # c\n    .d\n\n```\n\"e\" \\f\n```\n\n### Last\n\nEnd.\n"))
        self.assertEqual(lines, ["listen: where", "Below it.", "• one", "• two:", "• deep", "After it:", "a:",
                                 "- 'b'   # c", ".d", '"e" \\f', "Last", "End."])

    def test_what_roff_would_take_for_its_own_is_shown_as_it_is(self):
        for text in (".SH no request", "'br", "`.x` first", r"a \n b \fB c \e d",
                     r"`\fB \e \(em`", "`'` and `\"` and `-`",
                     "`a--b ~ ^`", '~ ^ -- "q" 100% $1 `$2`', "naïve € …", "`` a`b ``"):
            with self.subTest(text):
                self.assertEqual([squeezed(line) for line in body(page_of(f"Before.\n\n{text}\n"))],
                                 ["Before.", squeezed(re.sub(r"`` | ``|(?<!a)`", "", text))])

    def test_line_after_a_hard_break_is_no_request(self):
        self.assertEqual(body(page_of("one  \n.two\n")), ["one", ".two"])

    def test_cells_and_headings_are_escaped_too(self):
        lines = body(page_of("## \"a\" \\\\ `.b`\n\n| key | what |\n| --- | --- |\n| `.TP` | .PP \\| `'x` |\n"
                             "| 'y | 'z |\n"))
        self.assertEqual(squeezed("".join(lines)), "\"a\"\\.b.TP.PP|'x.'y'z.")

    def test_code_is_copied_as_it_was_meant(self):
        page = page_of("`--all 'x' ~ ^`\n")
        self.assertIn("--all 'x' ~ ^", "\n".join(body(page)))
        self.assertIn(r"\fB\-\-all \(aqx\(aq \(ti \(ha\fR", page)

    def test_blanks_at_the_ends_of_code_are_seen(self):
        self.assertEqual(body(page_of("holds `: ` or ` #`\n")), ['holds ": " or " #"'])

    def test_bold_within_bold_ends_where_it_should(self):
        self.assertIn("\n\\fBa b c\\fR d \\fIe\\fR\n", page_of("**a `b` c** d *e*\n"))

    def test_link_is_its_text_and_an_address_only_where_it_leads_outside(self):
        self.assertEqual(body(page_of("[a](#b), [`c`](d.yaml), [e](https://f.example/g-h).\n")),
                         ["a, c, e ⟨https://f.example/g-h⟩."])

    def test_what_it_has_no_form_for_is_an_error(self):
        for text in ("1. one\n", "> quoted\n", "<b>x</b>\n", "a <b>x</b>\n", "![a](b.png)\n", "#### deep\n", "***\n"):
            with self.subTest(text), self.assertRaises(ValueError):
                page_of(text)


if __name__ == "__main__":
    unittest.main()
