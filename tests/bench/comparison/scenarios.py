"""The loads: each contender in turn, round after round, so that what drifts touches all alike."""

import os

from comparison import measure
from comparison.contenders import Running
from comparison.tables import load_table, memory_table

LOADS = {
    "keep-alive": ("64 connections kept, closed loop", ("--connections", 64)),
    "new": ("a new connection for each request, full handshake", ("--new-connection",)),
    "resumed": ("a new connection for each request, TLS session resumed", ("--new-connection", "--resume")),
    "paced": ("500 requests a second on kept connections, open loop", ("--rate", 500)),
}
# The first connection of each of the 64 in turn can't be.
RESUMED_SHARE_MIN = 0.9
NAMES = (*LOADS, "memory", "flat")


def say(text):
    print(text, flush=True)


def in_turns(settings, contenders, run):
    results = {contender.name: [] for contender in contenders}
    for _ in range(settings.rounds):
        for contender in contenders:
            with Running(contender, settings) as running:
                results[contender.name].append(run(running))
    return results


def compare_load(settings, contenders, name):
    title, arguments = LOADS[name]
    say(f"\n## {name}: {title}; {settings.rounds} rounds of {settings.seconds:g} s\n")
    body = ("--body-bytes", settings.body_bytes)
    results = in_turns(settings, contenders, lambda running: measure.load(running, *arguments, *body))
    say(load_table(results))
    if name == "resumed":
        for contender, rounds in results.items():
            resumed = sum(report["resumed_handshakes"] for report in rounds)
            share = resumed / max(1, resumed + sum(report["full_handshakes"] for report in rounds))
            if share < RESUMED_SHARE_MIN:
                say(f"{contender}: only {100 * share:.0f} % of the handshakes were resumed.")
    return results


def compare_memory(settings, contenders):
    say(f"\n## memory: {settings.idle:,} idle TLS connections, each after one request\n")
    once = {contender.name: [] for contender in contenders}
    for contender in contenders:
        with Running(contender, settings) as running:
            once[contender.name].append(measure.ingest(running, "--idle", settings.idle))
    say(memory_table(once, settings.idle))
    return once


def compare_flatness(settings, contenders):
    """This daemon alone, with an empty store and with `settings.flat` events in it."""
    daemon = contenders[0]
    if daemon.name != "outreachd":
        return {}
    say(f"\n## flat: an empty store and one with {settings.flat:,} events\n")
    labels = {"keep-alive": LOADS["keep-alive"][1], "paced": LOADS["paced"][1]}
    results = {f"{label}, {state}": [] for label in labels for state in ("empty", "full")}
    for _ in range(settings.rounds):
        for label, arguments in labels.items():
            with Running(daemon, settings) as running:
                results[f"{label}, empty"].append(measure.load(running, *arguments))
    with Running(daemon, settings) as running:
        # Not measured: all cores help.
        cores = os.sched_getaffinity(0)
        running.move_to(cores)
        filled = measure.ingest(running, "--requests", settings.flat, cores=cores)
        say(f"filled with {filled['answers']:,} events in {filled['seconds']:.0f} s\n")
        running.move_to(settings.server_cores)
        running.contender.wait_for_work(running)
        for _ in range(settings.rounds):
            for label, arguments in labels.items():
                results[f"{label}, full"].append(measure.load(running, *arguments))
    for label in labels:
        say(f"{label}\n")
        states = {state: results[f"{label}, {state}"] for state in ("empty", "full")}
        say(load_table(states, reference="empty") + "\n")
    return results


def run(settings, contenders):
    """Scenario's name -> contender's name -> its reports."""
    results = {}
    for name in settings.scenarios:
        if name == "memory":
            results[name] = compare_memory(settings, contenders)
        elif name == "flat":
            results[name] = compare_flatness(settings, contenders)
        else:
            results[name] = compare_load(settings, contenders, name)
    return results
