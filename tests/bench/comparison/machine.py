"""Where the numbers were made: machine, disk, versions."""

import os
import pathlib
import platform
import re
import statistics
import subprocess
import time

from comparison.contenders import BENCH

FLUSHES = 200


def first_line(*command):
    try:
        done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, check=False)
        return done.stdout.strip().splitlines()[0]
    except (OSError, IndexError):
        return "absent"


def file_system(directory):
    return first_line("stat", "--file-system", "--format=%T", str(directory))


def flush_ms(directory):
    """Median and worst of appending 1 KB and fdatasync, in milliseconds."""
    path = pathlib.Path(directory) / "flush"
    times = []
    with path.open("wb", buffering=0) as file:
        for _ in range(FLUSHES):
            file.write(b"x" * 1024)
            begin = time.perf_counter()
            os.fdatasync(file.fileno())
            times.append((time.perf_counter() - begin) * 1000)
    path.unlink()
    return statistics.median(times), max(times)


def describe(settings, flushes):
    cpu = re.search(r"model name\s*: (.*)", pathlib.Path("/proc/cpuinfo").read_text())
    memory = re.search(r"MemTotal:\s*(\d+)", pathlib.Path("/proc/meminfo").read_text())
    cores = lambda numbers: ",".join(map(str, sorted(numbers)))
    fastify = re.search(r'"fastify": "(.*)"', (BENCH / "node" / "package.json").read_text())
    js_module = first_line("dpkg-query", "--show", "--showformat=${Version}", "libnginx-mod-http-js")
    lines = [
        f"CPU        {cpu.group(1) if cpu else platform.machine()}, {os.cpu_count()} cores; "
        f"server on {cores(settings.server_cores)}, load on {cores(settings.load_cores)}",
        f"memory     {int(memory.group(1)) // 1024 if memory else 0} MiB; kernel {platform.release()}; "
        f"load average {os.getloadavg()[0]:.2f}",
        f"disk       {settings.directory} ({file_system(settings.directory)}), fdatasync of 1 KB: "
        f"median {flushes[0]:.3f} ms, longest of {FLUSHES} {flushes[1]:.3f} ms",
        f"TLS        1.3, {'RSA 2048' if settings.rsa else 'ECDSA P-256'}, {first_line('openssl', 'version')}",
        f"outreachd  {first_line(str(settings.outreachd), '--version')}",
        f"nginx      {first_line('/usr/sbin/nginx', '-v')}; libnginx-mod-http-js {js_module}",
        f"webhook    {first_line('webhook', '-version')}",
        f"node       {first_line('node', '--version')}, fastify {fastify.group(1)}"]
    return "\n".join(lines)
