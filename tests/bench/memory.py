"""Resident memory of an instance's services, from /proc: RSS as ps shows it, PSS with shared pages divided among their users."""
import os


def children(pid):
    try:
        with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as file:
            return [int(word) for word in file.read().split()]
    except OSError:
        return []


def tree(pid):
    found = [pid]
    for child in children(pid):
        found += tree(child)
    return found


def of_process(pid):
    """(RSS, PSS) in kB."""
    values = {"Rss": 0, "Pss": 0}
    try:
        with open(f"/proc/{pid}/smaps_rollup", encoding="ascii") as file:
            for line in file:
                name, _, rest = line.partition(":")
                if name in values:
                    values[name] = int(rest.split()[0])
    except OSError:
        pass
    return values["Rss"], values["Pss"]


def of_services(var):
    """{service: (processes, RSS MB, PSS MB)} of what runit runs below NADIR_VAR/service, stores and gateway left out."""
    found = {}
    folder = os.path.join(var, "service")
    for service in sorted(os.listdir(folder)):
        if service in ("postgres", "redis", "nginx", "stripe") or not os.path.isdir(os.path.join(folder, service)):
            continue
        try:
            with open(os.path.join(folder, service, "supervise", "pid"), encoding="ascii") as file:
                pids = tree(int(file.read()))
        except (OSError, ValueError):
            continue
        sizes = [of_process(pid) for pid in pids]
        found[service] = (len(pids), sum(s[0] for s in sizes) / 1024, sum(s[1] for s in sizes) / 1024)
    return found
