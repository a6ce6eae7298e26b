"""Tables of medians and of ratios."""

import statistics

CLIENT_LIMIT = 0.9  # From this share of its core on, the load program was the limit, not the server.


def median(values):
    values = [value for value in values if value is not None]
    return statistics.median(values) if values else None


def paired_ratio(rounds, other_rounds, pick):
    """The median of each round's own ratio: what changed between rounds touches both alike."""
    pairs = [(pick(one), pick(other)) for one, other in zip(rounds, other_rounds)]
    return median([one / other for one, other in pairs if other])


def shown(value, digits=1, unit=""):
    return "-" if value is None else f"{value:,.{digits}f}{unit}"


def table(header, rows, is_text=False):
    """Lines in Markdown, aligned: a name, then numbers, or with `is_text` words."""
    cells = [header, *rows]
    widths = [max(len(str(row[column])) for row in cells) for column in range(len(header))]

    def line(row):
        first, *rest = row
        align = str.ljust if is_text else str.rjust
        others = [align(str(cell), width) for cell, width in zip(rest, widths[1:])]
        return "| " + " | ".join([str(first).ljust(widths[0]), *others]) + " |"

    end = "-" if is_text else ":"
    rule = "| " + " | ".join(["-" * widths[0], *["-" * (width - 1) + end for width in widths[1:]]]) + " |"
    return "\n".join([line(header), rule, *map(line, rows)])


def failures(rounds):
    """What went wrong in any round, in a few words."""
    found = []
    for name in ("resets", "refused", "closed", "timeouts", "errors", "unsent"):
        count = sum(report[name] for report in rounds)
        if count:
            found.append(f"{count} {name}")
    for status in sorted({status for report in rounds for status in report["statuses"]} - {"200"}):
        found.append(f"{sum(report['statuses'].get(status, 0) for report in rounds)} x {status}")
    return ", ".join(found)


def load_table(results, reference="nginx"):
    """`results`: contender's name -> its reports, a round each."""
    base = results.get(reference, [])
    rows = []
    for name, rounds in results.items():
        rate = lambda report: report["rate"]
        cpu = lambda report: report["server_cpu_us_per_request"]
        is_limited = median([report["client_share"] for report in rounds]) > CLIENT_LIMIT
        rows.append([
            name,
            shown(median(map(rate, rounds)), 0) + ("*" if is_limited else ""),
            shown(paired_ratio(rounds, base, rate), 2),
            shown(median(map(cpu, rounds))),
            shown(paired_ratio(rounds, base, cpu), 2),
            shown(median([report.get("whole_cpu_us") for report in rounds])),
            *[shown(median([report["latency_ms"][key] for report in rounds]), 2)
              for key in ("p50", "p99", "p99.9")],
            failures(rounds) or "none"])
    header = ["", "a second", f"x {reference}", "CPU us", f"x {reference}", "with delivery", "p50 ms", "p99 ms",
              "p99.9 ms", "failed"]
    text = table(header, rows)
    if any("*" in row[1] for row in rows):
        text += "\n* the load program's core was the limit: compare the CPU time, not the rate."
    return text


def memory_table(results, connections):
    mib = 1024 * 1024
    rows = []
    for name, rounds in results.items():
        pick = lambda key: median([report[key] for report in rounds])
        rows.append([name, shown(pick("server_before_rss_bytes") / mib), shown(pick("server_after_rss_bytes") / mib),
                     shown(pick("server_after_pss_bytes") / mib), shown(pick("rss_bytes_per_connection") / 1024),
                     f"{pick('still_open'):,.0f}"])
    return table(["", "idle MiB", f"with {connections:,} MiB", "shared once", "KiB each", "open"], rows)
