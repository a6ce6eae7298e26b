"""What this daemon is to reach in a comparison, as ratios within one run."""

from comparison.tables import median, paired_ratio

MIB = 1024 * 1024


def ratio(results, scenario, other, pick):
    rounds = results.get(scenario, {})
    if "outreachd" not in rounds or other not in rounds:
        return None
    return paired_ratio(rounds["outreachd"], rounds[other], pick)


def own(results, scenario, pick):
    rounds = results.get(scenario, {}).get("outreachd")
    return median(map(pick, rounds)) if rounds else None


def judge(results, fsync_ms):
    """Rows of what, found, wanted, verdict; only what this run measured."""
    rate = lambda report: report["rate"]
    cpu = lambda report: report["server_cpu_us_per_request"]
    p99 = lambda report: report["latency_ms"]["p99"]
    p999 = lambda report: report["latency_ms"]["p99.9"]
    nginx_p99 = median(map(p99, results.get("paced", {}).get("nginx", [])))
    idle_connections = own(results, "memory", lambda report: report["opened"])

    wanted = [("keep-alive: rate, of nginx", ratio(results, "keep-alive", "nginx", rate), ">=", 0.5),
              ("keep-alive: rate, of nginx+njs", ratio(results, "keep-alive", "nginx+njs", rate), ">=", 1.2),
              ("keep-alive: rate, of node", ratio(results, "keep-alive", "node", rate), ">=", 6),
              ("keep-alive: rate, of webhook", ratio(results, "keep-alive", "webhook", rate), ">=", 20),
              ("keep-alive: CPU, of nginx", ratio(results, "keep-alive", "nginx", cpu), "<=", 2.2),
              ("new: CPU, of nginx", ratio(results, "new", "nginx", cpu), "<=", 1.1),
              ("resumed: CPU, of nginx", ratio(results, "resumed", "nginx", cpu), "<=", 1.1),
              ("paced: p99 ms", own(results, "paced", p99), "<=", 5),
              ("paced: p99 ms, against 3 x nginx + a flush", own(results, "paced", p99), "<=",
               None if nginx_p99 is None else 3 * nginx_p99 + fsync_ms),
              ("paced: p99.9 ms", own(results, "paced", p999), "<=", 20),
              ("memory: idle MiB", own(results, "memory", lambda r: r["server_before_rss_bytes"] / MIB), "<=", 20)]
    if idle_connections and idle_connections >= 10_000:
        held = own(results, "memory", lambda report: report["server_after_rss_bytes"] / MIB)
        wanted.append(("memory: MiB with the idle connections", held, "<=", 700))
    flat = results.get("flat", {})
    if flat:
        wanted.append(("flat: CPU per event, full of empty",
                       paired_ratio(flat["keep-alive, full"], flat["keep-alive, empty"], cpu), "<=", 1.2))

    rows = []
    for text, found, relation, bound in wanted:
        if found is not None and bound is not None:
            is_met = found >= bound if relation == ">=" else found <= bound
            rows.append([text, f"{found:.2f}", f"{relation} {bound:.2f}", "met" if is_met else "MISSED"])
    return rows
