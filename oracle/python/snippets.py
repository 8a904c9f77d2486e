"""Compiles the blocks of Python in the pages, and prints how many there are and which of them are none, as JSON."""

import ast
import json
import pathlib
import sys

docs = pathlib.Path(__file__).resolve().parents[2] / "docs"
blocks = 0
complaints = []
for page in sorted(docs.glob("*.md")):
    lines = page.read_text(encoding="utf-8").splitlines()
    start = None
    for number, line in enumerate(lines):
        if line == "```python":
            start = number + 1
        elif line == "```" and start is not None:
            blocks += 1
            try:
                # As in `python -m asyncio`: a snippet may await.
                compile("\n".join(lines[start:number]), page.name, "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
            except SyntaxError as error:
                complaints.append(f"docs/{page.name}:{start + (error.lineno or 1)}: is no Python: {error.msg}")
            start = None

json.dump({"blocks": blocks, "complaints": complaints}, sys.stdout)
