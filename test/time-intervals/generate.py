#!/usr/bin/env python3
"""Writes zones.jsonl: instants around changes of clocks and ends of months, and whether a time interval contains them.

The expected values come from Python's zoneinfo and calendar, which share nothing with the code under test. Only zones'
pasts are asked for: rules for the future change. Run it in this folder; it prints how many rows it wrote.
"""

import calendar
import json
from datetime import datetime, timedelta, timezone
from zoneinfo import ZoneInfo

UTC = timezone.utc
WEEKDAYS = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
MONTHS = ["january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november", "december"]
ROWS_PER_ZONE = 30
DAY = 24 * 60

# For each zone the days (UTC) near which its clocks changed.
CHANGES = {
    "Australia/Lord_Howe": ["2024-10-05", "2025-04-05", "2023-09-30"],  # by half an hour
    "America/Santiago": ["2022-09-11", "2023-04-02", "2024-09-08"],  # at midnight: a day that begins at 01:00
    "Asia/Kathmandu": ["1985-12-31"],  # from +05:30 to +05:45
    "Pacific/Apia": ["2011-12-30", "2011-09-24", "2021-04-03"],  # a Friday that never was
    "Antarctica/Troll": ["2024-03-31", "2024-10-27", "2025-03-30"],  # by two hours
    "Europe/Dublin": ["2024-03-31", "2024-10-27", "1971-10-31"],  # where winter is the exception
    "Africa/Casablanca": ["2024-03-10", "2024-04-14", "2023-03-19"],  # Ramadan
    "America/St_Johns": ["2024-03-10", "2024-11-03", "2007-03-11"],  # once at one minute past midnight
    "Europe/Berlin": ["2024-03-31", "2024-10-27", "2020-03-29"],
    "America/New_York": ["2024-03-10", "2024-11-03", "2006-10-29"],
}


def span(text, member):
    begin, _, end = text.partition(":")
    return member(begin), member(end or begin)


def minutes(text):
    return int(text[:2]) * 60 + int(text[3:])


def contains(fields, local):
    """By the documentation of time intervals: all fields hold, of a field's ranges one; a field left out holds."""
    days = calendar.monthrange(local.year, local.month)[1]

    def day_holds(text):
        begin, end = (n if n > 0 else days + n + 1 for n in span(text, int))
        return begin <= days and begin <= local.day <= end

    def range_holds(text, member, value):
        begin, end = span(text, member)
        return begin <= value <= end

    sunday_first = (local.weekday() + 1) % 7
    names = ["sunday"] + WEEKDAYS[:-1]
    checks = {
        "times": lambda t: minutes(t["start_time"]) <= local.hour * 60 + local.minute < minutes(t["end_time"]),
        "weekdays": lambda t: range_holds(t, names.index, sunday_first),
        "days_of_month": day_holds,
        "months": lambda t: range_holds(t, lambda m: MONTHS.index(m) + 1, local.month),
        "years": lambda t: range_holds(t, int, local.year),
    }
    return all(any(checks[name](item) for item in items) for name, items in fields.items())


def change_near(zone, day):
    """The first instant, to the second, with another offset than before, within two days of `day`."""
    low = datetime.fromisoformat(day).replace(tzinfo=UTC) - timedelta(days=2)
    offset = lambda at: at.astimezone(zone).utcoffset()
    at = low
    while offset(at + timedelta(minutes=1)) == offset(at):
        at += timedelta(minutes=1)
        if at > low + timedelta(days=5):
            raise SystemExit(f"the clocks of {zone} do not change near {day}")
    while offset(at + timedelta(seconds=1)) == offset(at):
        at += timedelta(seconds=1)
    return at + timedelta(seconds=1)


def clock(minute):
    return f"{minute // 60:02d}:{minute % 60:02d}"


def window(begin, end):
    """A time of day between two minutes, kept within one day."""
    begin, end = max(0, begin), min(DAY, end)
    return [{"start_time": clock(begin), "end_time": clock(end)}]


def around_change(zone, change):
    """Windows that hold, straddle and touch the hour that is left out or comes twice, at instants on both sides."""
    before = (change - timedelta(minutes=1)).astimezone(zone)
    after = change.astimezone(zone)
    shift = int((after.utcoffset() - before.utcoffset()).total_seconds()) // 60
    was, now = (before.hour * 60 + before.minute + 1) % DAY, after.hour * 60 + after.minute
    low = was if shift > 0 else now
    high = low + (60 if abs(shift) >= DAY else abs(shift))
    straddling, inside, behind = window(low - 45, high + 45), window(low, high), window(high % DAY, high % DAY + 60)
    instants = [change + timedelta(minutes=m) for m in (-61, -1, 0, 29, 60, 121)]
    yield from (({"times": straddling}, at) for at in instants)
    yield from (({"times": inside}, at) for at in instants[1:5])
    yield from (({"times": behind}, at) for at in instants[2:5])
    day = before.day
    name = WEEKDAYS[before.weekday()]
    for at in (change - timedelta(hours=1), change, change + timedelta(hours=25)):
        yield {"weekdays": [name]}, at
        yield {"days_of_month": [str(day)], "months": [MONTHS[before.month - 1]], "years": [str(before.year)]}, at


def around_months(zone, years):
    """Ends of months and years by the zone's own calendar, a minute before its midnight and at it."""
    for year in years:
        for month in (1, 2, 4, 12):
            last = calendar.monthrange(year, month)[1]
            midnight = datetime(year, month, last, tzinfo=zone) + timedelta(days=1)
            for at in (midnight - timedelta(minutes=1), midnight):
                at = at.astimezone(UTC)
                yield {"days_of_month": ["-1"]}, at
                yield {"days_of_month": ["29:31", "-31:-30"]}, at
                yield {"days_of_month": ["-3:-1"], "months": ["february:april"]}, at
                yield {"years": [f"{year}:{year + 1}"], "months": ["january", "december"]}, at
                yield {"years": [str(year)]}, at


def spread(rows, count):
    """`count` of them, evenly over the list."""
    rows = list(rows)
    if len(rows) <= count:
        return rows
    return [rows[i * len(rows) // count] for i in range(count)]


def main():
    rows = []
    for name, days in CHANGES.items():
        zone = ZoneInfo(name)
        changes = spread((row for day in days for row in around_change(zone, change_near(zone, day))), 20)
        months = spread(around_months(zone, (1988, 2012, 2023, 2024)), ROWS_PER_ZONE - len(changes))
        for fields, at in changes + months:
            local = at.astimezone(zone)
            rows.append({"zone": name, "at": at.strftime("%Y-%m-%dT%H:%M:%SZ"), "fields": fields, "in": contains(fields, local)})
    with open("zones.jsonl", "w", encoding="utf-8") as file:
        file.writelines(json.dumps(row) + "\n" for row in rows)
    print(f"{len(rows)} rows, {sum(row['in'] for row in rows)} of them inside")


if __name__ == "__main__":
    main()
