#!/usr/bin/python3
"""What bash, zsh and fish offer behind `outreachd` is what the program knows.

usage: check_completions.py PROGRAM
"""

import os
import pathlib
import pty
import select
import shlex
import subprocess
import sys
import tempfile
import termios

SOURCES = pathlib.Path(__file__).resolve().parents[2]
COMPLETIONS = SOURCES / "deploy/completions"

# Behind these words, of which the last is begun or empty, exactly those.
OFFERS = {
    "outreachd ev": ["events"],
    "outreachd events ": ["list", "show", "replay"],
    "outreachd -c outreachd.yaml dead re": ["replay"],
    "outreachd events list --s": ["--since", "--state"],
    "outreachd events list --limit ": [],
    "outreachd -c LICEN": ["LICENSE"],
    "outreachd send LICEN": ["LICENSE"],
    "outreachd check -": ["-h", "--help", "-c", "--config"],
    "outreachd nonsense xyz": [],
}
# What zsh and fish say beside one of them, of an option that the help tells in two lines.
BESIDE = ("outreachd check --con", "The configuration file (else $OUTREACHD_CONFIG, else /etc/outreachd/outreachd.yaml)")


class Terminal:
    """What a shell shows at a terminal."""

    prompt = "> "

    def __init__(self, home, shell, set_up):
        self.unread = ""
        self.child, self.terminal = pty.fork()
        if self.child == 0:
            os.environ.update(TERM="dumb", HOME=home, PS1=self.prompt, INPUTRC="/dev/null")
            os.execvp(shell[0], shell)
        termios.tcsetwinsize(self.terminal, (100, 200))
        self.write(set_up + "\necho rea''dy\n")
        self.read_until("ready\r\n")
        self.read_until(self.prompt)

    def close(self):
        os.close(self.terminal)
        os.waitpid(self.child, 0)

    def write(self, keys):
        os.write(self.terminal, keys.encode())

    def read_until(self, end):
        while end not in self.unread:
            assert select.select([self.terminal], [], [], 30)[0], f"no '{end}' in '{self.unread}'"
            self.unread += os.read(self.terminal, 4096).decode()
        text, _, self.unread = self.unread.partition(end)
        return text

    def listing(self, line):
        """What the Tab key lists: the lines between what was typed and what is shown of it again, if any."""
        self.write(f"{line}\t\x15echo do''ne\n")
        return [each.rstrip() for each in self.read_until("\ndone\r\n").split("\n")[1:-1]]


class AtTerminal:
    """A shell for each line: readline remembers what it couldn't complete."""

    def __init__(self, home):
        self.home = home

    def listing(self, line):
        terminal = Terminal(self.home, self.shell, self.set_up)
        try:
            return terminal.listing(line)
        finally:
            terminal.close()


class Bash(AtTerminal):
    shell = ["bash", "--norc", "--noprofile", "-i"]
    set_up = f"""\
source {shlex.quote(str(COMPLETIONS / "outreachd.bash"))}; bind '"\\t": possible-completions'
bind 'set page-completions off'; bind 'set enable-bracketed-paste off'"""

    def offers(self, line):
        return [name for each in self.listing(line) for name in each.split()]


class Zsh(AtTerminal):
    shell = ["zsh", "-f", "-i"]
    # What a list shows is gone where the next key is there before it is shown.
    set_up = f"""\
fpath=({shlex.quote(str(COMPLETIONS))} $fpath); autoload -Uz compinit; compinit -u -D; unset zle_bracketed_paste
listed() {{ zle list-choices; zle -R; }}; zle -N listed; bindkey '^I' listed"""

    def offers(self, line):
        names = []
        for each in self.listing(line):
            if not each.startswith(" "):
                names += each.split("  -- ")[0].split()
        return names


class Fish:
    def __init__(self, home):
        self.environment = {**os.environ, "HOME": home}

    def listing(self, line):
        source = shlex.quote(str(COMPLETIONS / "outreachd.fish"))
        return run(["fish", "--private", "-c", f"source {source}; complete --do-complete $argv[1]", line],
                   self.environment)

    def offers(self, line):
        return [each.split("\t")[0] for each in self.listing(line).splitlines()]


def run(command, environment=None):
    return subprocess.run(command, cwd=SOURCES, env=environment, stdout=subprocess.PIPE, text=True, check=True,
                          timeout=60).stdout


def main(program):
    os.environ["PATH"] = f"{pathlib.Path(program).resolve().parent}:{os.environ['PATH']}"
    os.chdir(SOURCES)
    failed = False
    with tempfile.TemporaryDirectory() as home:
        shells = [Bash(home), Zsh(home), Fish(home)]
        for shell in shells:
            for line, wanted in OFFERS.items():
                offers = shell.offers(line)
                if sorted(offers) != sorted(wanted):
                    print(f"{type(shell).__name__}: '{line}': offers {offers} and not {wanted}", file=sys.stderr)
                    failed = True
        for shell in shells[1:]:
            line, wanted = BESIDE
            if wanted not in "".join(shell.listing(line)):
                print(f"{type(shell).__name__}: '{line}': doesn't say '{wanted}'", file=sys.stderr)
                failed = True
    if failed:
        sys.exit(1)
    print("bash, zsh and fish complete what the program knows")


if __name__ == "__main__":
    main(sys.argv[1])
