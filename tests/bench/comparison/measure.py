"""Runs the load program against a started contender."""

import json
import subprocess
import time

from comparison.contenders import SECRET, prepare_process


def cpu_seconds(pid):
    """The process's user and system time, all its threads', from the kernel's clock for it."""
    schedule_clock_of_process = (~pid << 3) | 2
    return time.clock_gettime(schedule_clock_of_process)


def ingest(running, *arguments, cores=None):
    """The load program's report, with `ok` true where it exited 0."""
    settings = running.settings
    command = [str(settings.ingest), "--json", "--secret", SECRET, "--url", running.url,
               "--server-pid", str(running.pid), *map(str, arguments)]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          text=True, check=False,
                          preexec_fn=lambda: prepare_process(cores or settings.load_cores))
    if not done.stdout:
        raise RuntimeError(f"{running.contender.name}: {done.stderr.strip()}")
    report = json.loads(done.stdout)
    report["ok"] = done.returncode == 0
    return report


def load(running, *arguments):
    """One run of the load. `whole_cpu_us` is the CPU time per event with what its answer left to do."""
    before = cpu_seconds(running.pid)
    settings = running.settings
    report = ingest(running, "--seconds", settings.seconds, "--warmup", settings.warmup, *arguments)
    if running.contender.works_later:
        running.contender.wait_for_work(running)
        report["whole_cpu_us"] = (cpu_seconds(running.pid) - before) * 1e6 / max(1, report["answers"])
    return report
