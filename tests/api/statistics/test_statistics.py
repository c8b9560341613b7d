"""Totals and series: what happened is counted, once, and shown to administrators only."""
import csv
import datetime
import io

import pytest
from helpers import eventually, problem
from products import buy, private_product

KPIS, SERIES = "/statistics/v1/kpis", "/statistics/v1/series"


def kpis(admin):
    return admin.get(KPIS).json()


def test_only_administrators(anon, user, scientist, admin):
    for path in (KPIS, SERIES + "?metric=users"):
        problem(anon.get(path), 401)
        problem(user.get(path), 403)
        problem(scientist.get(path), 403)
        assert admin.get(path).status_code == 200


def test_the_catalogue_and_the_people_are_counted(admin, new_user):
    before = kpis(admin)
    assert before["items"] >= 6 and before["users"] >= 3
    new_user("Nina New")
    eventually(lambda: kpis(admin)["users"] >= before["users"] + 1)


def test_an_order_counts_with_its_revenue(admin, new_user, demo):
    person, before = new_user(), kpis(admin)
    order = buy(admin, person, demo["paid"])
    currency = order["currency"]
    eventually(lambda: kpis(admin)["orders"] >= before["orders"] + 1)
    after = kpis(admin)
    assert after["revenue"][currency] - before["revenue"].get(currency, 0) >= order["total"] > 0
    today = admin.get(SERIES, params={"metric": "revenue." + currency, "days": 1}).json()["series"]
    assert len(today) == 1 and today[0]["value"] >= order["total"]
    assert admin.get(SERIES, params={"metric": "revenue", "days": 1}).status_code == 200


def test_a_job_counts_with_its_seconds(admin, new_user):
    person, before = new_user(), kpis(admin)
    private_product(admin, person)
    eventually(lambda: kpis(admin)["jobs"]["succeeded"] >= before["jobs"]["succeeded"] + 1)
    after = kpis(admin)
    assert after["jobs"]["created"] > before["jobs"]["created"]
    assert after["pixels"] > before["pixels"] and after["compute_seconds"] > before["compute_seconds"]
    eventually(lambda: kpis(admin)["items"] > before["items"])


def test_a_series_has_every_day(admin):
    answer = admin.get(SERIES, params={"metric": "users", "days": 40}).json()
    days = [entry["day"] for entry in answer["series"]]
    today = datetime.datetime.now(datetime.timezone.utc).date()
    assert answer["metric"] == "users" and len(days) == 40 and days == sorted(set(days))
    assert datetime.date.fromisoformat(days[-1]) in (today, today - datetime.timedelta(days=1))
    assert sum(entry["value"] for entry in answer["series"]) == kpis(admin)["users"]
    assert len(admin.get(SERIES + "?metric=tiles").json()["series"]) == 30


@pytest.mark.parametrize("options", [{"params": {"format": "csv"}}, {"headers": {"Accept": "text/csv"}}])
def test_csv(admin, options):
    answer = admin.get(KPIS, **options)
    assert answer.headers["Content-Type"].startswith("text/csv")
    rows = dict(csv.reader(io.StringIO(answer.text)))
    assert rows.pop("metric") == "value" and int(rows["users"]) >= 3
    params = {"metric": "users", "days": 3, **options.get("params", {})}
    answer = admin.get(SERIES, params=params, headers=options.get("headers"))
    rows = list(csv.reader(io.StringIO(answer.text)))
    assert rows[0] == ["day", "users"] and len(rows) == 4


@pytest.mark.parametrize("query, field", [
    ("", "metric"), ("metric=", "metric"), ("metric=passwords", "metric"), ("metric=users'--", "metric"), ("metric=revenue.euro", "metric"),
    ("metric=revenue.e%00r", None), ("metric=users&days=0", "days"), ("metric=users&days=4000", "days"), ("metric=users&days=x", "days"),
    ("metric=users&days=99999999999999999999", "days"), ("metric=users&format=xml", "format"),
])
def test_bad_input(admin, query, field):
    body = problem(admin.get(SERIES + "?" + query), 400)
    assert field is None or body["field"] == field


def test_another_format_is_refused(admin):
    assert problem(admin.get(KPIS + "?format=pdf"), 400)["field"] == "format"
