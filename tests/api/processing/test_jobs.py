"""Jobs: whose they are, lists, results before the end, dismissal, logs, and what happens to a killed runner's."""
import uuid

import pytest

from helpers import eventually, kill_service, problem
from helpers_processing import COPY, OGC, ended, order, ordered, run, status

SLOW = "import time\nfor i in range(60):\n  print('progress', i, 'waiting', flush=True)\n  time.sleep({})\n" + COPY


def test_foreign_jobs_are_not_there(author, user, anon, package, scene):
    job = ordered(author, package(COPY), {"scene": scene})
    for path in ("", "/results", "/logs"):
        assert problem(user.get(f"/processing/jobs/{job}{path}"), 404)["type"] == OGC + "no-such-job"
        problem(anon.get(f"/processing/jobs/{job}{path}"), 401)
    problem(user.delete(f"/processing/jobs/{job}"), 404, "no-such-job")
    assert job not in user.get("/processing/jobs").text
    assert ended(author, job)["status"] == "successful"


@pytest.mark.parametrize("job", ["x", "1", "%00", "' OR 1=1", "00000000-0000-0000-0000-00000000000g", "a" * 500])
def test_ids_that_are_none(payer, job):
    for method, path in (("GET", ""), ("GET", "/results"), ("GET", "/logs"), ("DELETE", "")):
        assert payer.request(method, f"/processing/jobs/{job}{path}").status_code in (400, 404)


def test_results_before_the_end_and_dismissal(author, package, scene):
    job = ordered(author, package(SLOW.format(5), limits={"seconds": 600}), {"scene": scene})
    assert problem(author.get(f"/processing/jobs/{job}/results"), 404)["type"] == OGC + "result-not-ready"
    now = eventually(lambda: (lambda s: s if s["status"] == "running" and s["progress"] > 0 else None)(status(author, job)), 60)
    assert now["message"] == "waiting"
    assert "progress" in eventually(lambda: author.get(f"/processing/jobs/{job}/logs").text)
    answer = author.delete(f"/processing/jobs/{job}")
    assert (answer.status_code, answer.json()["status"]) == (200, "dismissed")
    now = status(author, job)
    assert (now["status"], now["reason"], now["nadir:cost"]["amount"]) == ("dismissed", "dismissed", 0)
    problem(author.get(f"/processing/jobs/{job}/results"), 410, "job-dismissed")
    # the runner is free again soon: the next job does not wait for the first one's five minutes, for which run() has no patience
    assert run(author, package(COPY), {"scene": scene})["status"] == "successful"
    # a second time it leaves the list
    assert author.delete(f"/processing/jobs/{job}").status_code == 200
    problem(author.get(f"/processing/jobs/{job}"), 404, "no-such-job")
    problem(author.delete(f"/processing/jobs/{job}"), 404, "no-such-job")


def test_lists_and_filters(new_user, author, package, scene):
    process = package(COPY, visibility="public")
    session = new_user("Lena Lister")
    jobs = [ordered(session, process, {"scene": scene}) for _ in range(3)]
    failed = order(session, "ndvi", {"scene": scene}).json()["jobID"]  # an empty wallet
    for job in jobs + [failed]:
        ended(session, job)

    def ids(query):
        return [j["jobID"] for j in session.get("/processing/jobs" + query).json()["jobs"]]

    assert ids("") == [failed] + jobs[::-1]
    assert ids("?status=failed") == [failed]
    assert ids("?status=successful,failed&type=process") == [failed] + jobs[::-1]
    assert ids(f"?processID={process}") == jobs[::-1]
    assert ids(f"?processID={process},ndvi") == [failed] + jobs[::-1]
    assert ids("?datetime=../2020-01-01T00:00:00Z") == []
    assert ids("?datetime=2020-01-01T00:00:00Z/..") == [failed] + jobs[::-1]
    assert ids("?minDuration=3600") == []
    assert set(ids("?maxDuration=3600")) == set(jobs)
    seen, url = [], "/processing/jobs?limit=1"
    while url:
        page = session.get(url).json()
        seen += [j["jobID"] for j in page["jobs"]]
        url = next((link["href"] for link in page["links"] if link["rel"] == "next"), None)
    assert seen == [failed] + jobs[::-1]


@pytest.mark.parametrize("query", ["limit=0", "limit=x", "status=nope", "status=,", "datetime=yesterday", "datetime=2020-13-45T99:00:00Z",
                                   "token=x", "type=wps", "minDuration=-1", "maxDuration=1.5", "processID=" + "a" * 1500])
def test_bad_lists(payer, query):
    problem(payer.get("/processing/jobs?" + query), 400)


def test_a_killed_runner_costs_nothing_but_time(author, package, scene):
    job = ordered(author, package(SLOW.format(0.1), limits={"seconds": 120}, price={"base": 7}), {"scene": scene})
    eventually(lambda: status(author, job)["progress"] > 0, 60)
    before = author.get("/billing/v1/wallet").json()
    kill_service("runner")
    now = ended(author, job, 120)
    assert (now["status"], now["nadir:cost"]["amount"]) == ("successful", 7)
    found = eventually(lambda: author.get(f"/stac/search?collections=results&ids={job}").json()["features"])
    assert len(found) == 1
    after = eventually(lambda: (lambda w: w if w["held"] == before["held"] - 7 else None)(author.get("/billing/v1/wallet").json()))
    assert after["available"] == before["available"]


def test_undeployed_processes_take_no_new_jobs(author, package, scene):
    process = package(COPY)
    job = ordered(author, process, {"scene": scene})
    assert author.delete(f"/processing/v1/packages/{process}").status_code == 204
    problem(order(author, process, {"scene": scene}), 404, "no-such-process")
    assert ended(author, job)["status"] == "successful"


def test_many_at_once_all_end(author, package, scene):
    process = package(COPY)
    jobs = [ordered(author, process, {"scene": scene}, **{"Idempotency-Key": uuid.uuid4().hex}) for _ in range(8)]
    assert len(set(jobs)) == 8
    assert {ended(author, job, 120)["status"] for job in jobs} == {"successful"}
