"""Plays all scenarios, and prints what they traced, as JSON."""

import json
import sys

if sys.version_info < (3, 11):
    # asyncio had no task groups, timeouts and runners before: there is nothing to compare.
    json.dump({"version": sys.version.split()[0], "needs": "3.11"}, sys.stdout)
    sys.exit()

import context
import gathering
import groups
import queues
import streams
import sync
import tasks
import timeouts
from registry import play_all

json.dump({"version": sys.version.split()[0], "scenarios": list(play_all())}, sys.stdout)
