#!/usr/bin/python3 -B
"""Makes the manual page outreachd.yaml(5) of config/reference.md, which stays the one text of both.

    reference_page.py REFERENCE.md PAGE VERSION DATE

markdown-it parses; what is here turns its tokens into man(7). A row of a table becomes a tagged paragraph, since
tables in boxes can't be read at 80 columns. A token that isn't known here is an error: nothing is left out silently.
"""

import re
import sys
from pathlib import Path

from markdown_it import MarkdownIt

OPENING = r""".\" Made of config/reference.md by deploy/reference_page.py: change that file, not this one.
.TH OUTREACHD.YAML 5 "@DATE@" "outreachd @VERSION@" "File Formats"
.\" Text flush left and no hyphenation: spaces and hyphens of keys and values are as they are written.
.ad l
.nh
.SH NAME
outreachd.yaml \- configuration of outreachd(8)
.SH DESCRIPTION
"""

CLOSING = r""".SH FILES
.TP
.I /etc/outreachd/outreachd.yaml
The configuration.
.TP
.I /usr/share/doc/outreachd/config/outreachd.example.yaml
Every key with its default.
.TP
.I /usr/share/doc/outreachd/config/outreachd.minimal.yaml
The fewest keys that will do.
.TP
.I /usr/share/doc/outreachd/config/outreachd.schema.json
A JSON Schema, for editors.
.TP
.I /usr/share/doc/outreachd/config/examples/
A configuration for each of several workflows.
.SH SEE ALSO
.BR jq (1),
.BR systemd.exec (5),
.BR outreachd (8)
"""

# Columns that describe a key in one short line, above what its last column says.
BRIEF_COLUMNS = {"type", "range", "default"}


def escape(text, is_code=False):
    """Text as roff takes it. In code each character is the ASCII one, so that what is copied is what was meant."""
    text = text.replace("\\", r"\(rs").replace("…", "...").replace("~", r"\(ti").replace("^", r"\(ha")
    if is_code:
        text = text.replace("-", r"\-").replace("'", r"\(aq").replace("`", r"\(ga")
    return "".join(each if each.isascii() else rf"\[u{ord(each):04X}]" for each in text)


def guard(line):
    """A line that begins with a dot or a quote would be a request."""
    return r"\&" + line if line.startswith((".", "'")) else line


class Runs:
    """A cell's, heading's or paragraph's content: pieces of escaped text, each bold, italic or neither."""

    def __init__(self, inline):
        self.pieces = []  # (font, text)
        self.plain = ""
        self.has_strong = False
        strong, emphasised, addresses = 0, 0, []
        for token in inline.children or []:
            font = "B" if strong else "I" if emphasised else "R"
            if token.type == "text":
                self._add(font, token.content)
            elif token.type == "code_inline":
                # Blanks at its ends would be seen by nobody.
                is_padded = token.content != token.content.strip()
                self._add("B", f'"{token.content}"' if is_padded else token.content, is_code=True)
            elif token.type in ("strong_open", "strong_close"):
                strong += token.nesting
                self.has_strong = True
            elif token.type in ("em_open", "em_close"):
                emphasised += token.nesting
            elif token.type == "link_open":
                addresses.append(token.attrs["href"])
            elif token.type == "link_close":
                # Only an address outside leads somewhere from a manual page.
                address = addresses.pop()
                if address.startswith("https://"):
                    self.pieces.append(("R", r" \(la" + escape(address, is_code=True) + r"\(ra"))
            elif token.type == "softbreak":
                self._add(font, " ")
            elif token.type == "hardbreak":
                self.pieces.append(("R", "\n.br\n"))
            else:
                raise ValueError(f"no way to write a '{token.type}' of Markdown: {inline.content}")

    def _add(self, font, text, is_code=False):
        self.plain += text
        self.pieces.append((font, escape(text, is_code)))

    def __bool__(self):
        return bool(self.pieces)

    def text(self, plain_font="R"):
        """With font changes; what has no font of its own is in `plain_font`."""
        written, last = "", "R"
        for font, text in self.pieces:
            font = plain_font if font == "R" else font
            if font != last:
                written += rf"\f{font}"
            written, last = written + text, font
        written += r"\fR" if last != "R" else ""
        return "\n".join(line if line == ".br" else guard(line) for line in written.split("\n"))

    def tag(self):
        """As the tag of a paragraph: bold, and where it holds code only that."""
        return self.text("R" if any(font == "B" for font, _ in self.pieces) else "B")

    def heading(self):
        """As an argument of .SH and .SS, which choose the font themselves."""
        return "".join(text for _, text in self.pieces).replace('"', r"\(dq")


def brief_line(cells):
    """Of the columns type, range and default: `number (0 to 65535); default 8443`, or `text; required`."""
    kind, bounds, preset = (cells.get(name) for name in ("type", "range", "default"))
    line = kind.text() if kind else ""
    if bounds:
        line += f" ({bounds.text()})" if line else bounds.text()
    if preset:
        line += ("; " if line else "") + ("" if preset.has_strong else "default ") + preset.text()
    return line


def row_lines(names, cells):
    """A tagged paragraph. The columns up to `key` are its tag; where there is none by that name, the first is."""
    tags = names.index("key") + 1 if "key" in names else 1
    brief = brief_line(dict(zip(names[tags:], cells[tags:])))
    rest = [(name, cell) for name, cell in zip(names[tags:], cells[tags:]) if name not in BRIEF_COLUMNS]
    below = [brief] if brief else []
    if len(rest) == 1:
        below += [cell.text() + "." for _, cell in rest if cell]
    else:
        below += [f"{escape(name)}: {cell.text()}" for name, cell in rest if cell]
    yield ".TP"
    yield guard(": ".join(cell.tag() for cell in cells[:tags]))
    for number, line in enumerate(below):
        if number:
            yield ".br"
        yield guard(line)


class Page:
    """The body of the page, made in one pass over the tokens."""

    def __init__(self, tokens):
        self.lines = []
        self.depth = 0  # of bulleted lists
        self.begins_item = False
        self.names = []  # of a table's columns
        self.row = []
        position = 0
        while position < len(tokens):
            position += self._take(tokens, position)

    def _take(self, tokens, position):
        """Writes what begins at that token; how many tokens it was."""
        token = tokens[position]
        if token.type == "heading_open":
            self._heading(int(token.tag[1:]), Runs(tokens[position + 1]))
            return 3
        if token.type == "paragraph_open":
            self._begin_block()
            self.lines.append(Runs(tokens[position + 1]).text())
            return 3
        if token.type in ("th_open", "td_open"):
            self.row.append(Runs(tokens[position + 1]))
            return 3
        if token.type in ("fence", "code_block"):
            self._begin_block()
            self.lines += [".RS 4", ".EX"]
            self.lines += [guard(escape(line, is_code=True)) for line in token.content.rstrip("\n").split("\n")]
            self.lines += [".EE", ".RE"]
        elif token.type == "thead_close":
            self.names, self.row = [cell.plain for cell in self.row], []
        elif token.type == "tr_close" and self.names:
            self.lines += row_lines(self.names, self.row)
            self.row = []
        elif token.type == "table_close":
            self.names = []
        elif token.type == "bullet_list_open":
            self.depth += 1
            if self.depth > 1:
                self.lines.append(".RS 2")
        elif token.type == "bullet_list_close":
            self.depth -= 1
            if self.depth > 0:
                self.lines.append(".RE")
        elif token.type == "list_item_open":
            self.begins_item = True
        elif token.type not in ("list_item_close", "table_open", "thead_open", "tbody_open", "tbody_close",
                                "tr_open", "tr_close"):
            raise ValueError(f"no way to write a '{token.type}' of Markdown, line {token.map}")
        return 1

    def _heading(self, level, runs):
        if level == 1:
            return  # the page's title is its name
        if level > 3:
            raise ValueError(f"a manual page has no headings of level {level}: {runs.plain}")
        self.lines.append(f'{".SH" if level == 2 else ".SS"} "{runs.heading()}"')

    def _begin_block(self):
        if self.begins_item:
            self.lines.append(r".IP \(bu 2")
        else:
            self.lines.append('.IP "" 2' if self.depth else ".PP")
        self.begins_item = False


def page_of(markdown, version, date):
    tokens = MarkdownIt("commonmark").enable("table").parse(markdown)
    opening = OPENING.replace("@VERSION@", version).replace("@DATE@", date)
    page = opening + "\n".join(Page(tokens).lines) + "\n" + CLOSING
    # Nothing may stand between a heading and its first paragraph.
    return re.sub(r"^(\.S[HS] .*)\n\.PP$", r"\1", page, flags=re.MULTILINE)


def main():
    reference, page, version, date = sys.argv[1:]
    Path(page).write_text(page_of(Path(reference).read_text(encoding="utf-8"), version, date), encoding="ascii")


if __name__ == "__main__":
    main()
