#!/usr/bin/env python3
"""Counts test results for tests/run.

    tally.py note FOLDER passed|failed|skipped NAME   records one check
    tally.py sum FOLDER                               adds up the checks, JUnit and TAP reports of a folder, prints one line, and
                                                      ends with 1 when anything failed or nothing ran
"""
import glob
import os
import re
import sys
import xml.etree.ElementTree as ElementTree


def of_unit_program(case):
    """ctest knows programs; cmocka's own summary in the program's output knows its tests."""
    out = case.findtext("system-out") or ""
    counts = [sum(int(n) for n in re.findall(r"^\[  %s\s*\] (\d+) test" % word, out, re.M)) for word in ("PASSED", "FAILED", "SKIPPED")]
    if case.get("status") == "fail" or case.find("failure") is not None:
        counts[1] = max(counts[1], 1)
    elif case.get("status") in ("disabled", "notrun") or case.find("skipped") is not None:
        return [0, 0, 1]
    elif not any(counts):
        counts[0] = 1
    return counts


def of_case(case):
    if case.find("failure") is not None or case.find("error") is not None:
        return [0, 1, 0]
    return [0, 0, 1] if case.find("skipped") is not None else [1, 0, 0]


def of_junit(path):
    count = of_unit_program if os.path.basename(path).startswith("unit-") else of_case
    return [count(case) for case in ElementTree.parse(path).iter("testcase")]


def of_tap(path):
    text = open(path, encoding="utf-8", errors="replace").read()
    found = [re.findall(r"^# %s (\d+)$" % word, text, re.M) for word in ("pass", "fail", "skipped", "cancelled", "todo")]
    passed, failed, skipped, cancelled, todo = [int(f[-1]) if f else 0 for f in found]
    if not any((passed, failed, skipped, cancelled)):
        failed = 1  # it ended before it could count
    return [[passed, failed + cancelled, skipped + todo]]


def of_notes(path):
    words = ("passed", "failed", "skipped")
    return [[int(line.split(" ", 1)[0] == word) for word in words] for line in open(path, encoding="utf-8")]


def main():
    folder = sys.argv[2]
    if sys.argv[1] == "note":
        with open(os.path.join(folder, "notes.txt"), "a", encoding="utf-8") as notes:
            notes.write(f"{sys.argv[3]} {sys.argv[4]}\n")
        return 0
    results = []
    for pattern, read in (("*.xml", of_junit), ("*.tap", of_tap), ("notes.txt", of_notes)):
        for path in sorted(glob.glob(os.path.join(folder, pattern))):
            part = read(path)
            results += part
            passed, failed, skipped = [sum(r[i] for r in part) for i in range(3)]
            print(f"  {os.path.basename(path):40} {passed:5} {failed:5} {skipped:5}")
    passed, failed, skipped = [sum(r[i] for r in results) for i in range(3)]
    print(f"{passed} passed, {failed} failed, {skipped} skipped")
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main())
