# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# Private to rdo.releng: no promise is made about what lies in here.
"""The page of a run's report: one file, no script, nothing fetched; everything that comes from outside is escaped."""

from __future__ import annotations

import html
import typing as t

from ..._module.errors import NotFound
from ..._module.libraries import load_library
from ..._module.text import presentable
from .page_style import STYLE

# Words in a table's cell that get a colour; the words stay, so nothing is told by colour alone.
TONES = {
    "good": ("done", "passed", "promote", "promoted", "satisfied", "success", "closed", "yes", "built"),
    "bad": ("failed", "error", "missing", "unresolved", "refused", "no", "ftbfs"),
    "fair": ("waived", "stale", "skipped", "unbound", "expired", "in progress", "retry", "waiting"),
}

PAGE = """\
<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>{{ title }}: {{ label }}</title>
<style>
{{ style }}.skip { position: absolute; left: -100rem; }
.skip:focus { left: 1rem; top: .5rem; background: var(--card); padding: .5rem; }
.badge { font-size: .8rem; font-weight: 600; padding: .1rem .6rem; border-radius: 1rem; white-space: nowrap; }
.done { color: var(--good); background: var(--good-back); }
.failed { color: var(--bad); background: var(--bad-back); }
.started, .waiting { color: var(--fair); background: var(--fair-back); }
.skipped, .not-reached { color: var(--idle); background: var(--idle-back); }
.pipeline { list-style: none; display: flex; gap: .5rem 1.6rem; padding: 0; margin: 1.5rem 0 0; }
.pipeline li { flex: 1 1 0; min-width: 0; position: relative; border-radius: .6rem; border: 1px solid currentColor; }
.pipeline li:not(:last-child)::after {
  content: ""; position: absolute; right: -1.15rem; top: 50%; width: .5rem; height: .5rem; margin-top: -.3rem;
  border: solid var(--soft); border-width: 2px 2px 0 0; transform: rotate(45deg);
}
.pipeline li.not-reached { border-style: dashed; }
.pipeline .stage { display: block; padding: .6rem .8rem; color: inherit; text-decoration: none; height: 100%; }
.pipeline a.stage:hover .name { text-decoration: underline; }
.pipeline .name { display: block; font-weight: 700; }
.pipeline .state { display: block; font-size: .82rem; }
.pipeline .took { white-space: nowrap; }
@media (max-width: 62rem) {
  .pipeline { flex-direction: column; gap: .3rem; }
  .pipeline li:not(:last-child)::after { content: none; }
  .pipeline .stage {
    display: flex; justify-content: space-between; gap: .2rem 1rem; flex-wrap: wrap; padding: .3rem .8rem;
  }
}
h4 { font-size: .95rem; margin: 1rem 0 0; overflow-wrap: anywhere; }
.place { color: var(--soft); overflow-wrap: anywhere; }
/* On a narrow screen each row is a list of its cells, each beside the name of its column. */
@media (max-width: 44rem) {
  .scroll { overflow-x: visible; }
  thead { position: absolute; left: -100rem; }
  table, tbody, tr, td { display: block; }
  tr { border-bottom: 1px solid var(--line); padding: .4rem 0; }
  tr:last-child { border-bottom: 0; }
  td { border-bottom: 0; padding: .1rem 0; max-width: none; overflow-wrap: anywhere; }
  td[data-head] { padding-left: 6.5rem; }
  td[data-head]::before {
    content: attr(data-head); float: left; margin-left: -6.5rem; width: 6rem; color: var(--soft); font-weight: 400;
  }
  td.nothing { display: none; }
}
.card.wrong { border-left: .35rem solid var(--bad); }
.notice {
  background: var(--fair-back); border: 1px solid var(--fair); border-radius: .6rem; padding: .6rem 1.2rem;
  margin: 1.5rem 0 0;
}
.notice h2 { font-size: 1rem; margin: 0; color: var(--fair); }
.notice ul { margin: .2rem 0 .3rem; padding-left: 1.2rem; }
.stand-in { color: var(--fair); border: 1px solid currentColor; background: none; }
td.good { color: var(--good); font-weight: 600; } td.bad { color: var(--bad); font-weight: 600; }
td.fair { color: var(--fair); font-weight: 600; }
.links {
  list-style: none; padding: 0; margin: .6rem 0 0; display: flex; flex-wrap: wrap; gap: .2rem 1.2rem;
  font-size: .9rem; overflow-wrap: anywhere;
}
pre {
  background: var(--back); border: 1px solid var(--line); border-radius: .4rem; padding: .7rem .9rem; margin: .6rem 0 0;
  overflow-x: auto; font: .85rem/1.45 ui-monospace, monospace; white-space: pre-wrap; overflow-wrap: anywhere;
}
summary { cursor: pointer; margin-top: .5rem; font-size: .9rem; color: var(--link); }
@media print { .card, .pipeline li { break-inside: avoid; } }
</style>
</head>
<body>
{%- macro anchor(item) -%}
{% if item.href %}<a href="{{ item.href }}">{{ item.text }}</a>{% else %}{{ item.text }}{% endif %}
{%- if item.place %}: <span class="place">{{ item.place }}</span>{% endif %}
{%- endmacro %}
{%- macro table(data, about) -%}
<div class="scroll" tabindex="0" role="region" aria-label="{{ about }}"><table>
{%- if data.heads %}
<thead><tr>{% for head in data.heads %}<th scope="col">{{ head }}</th>{% endfor %}</tr></thead>
{%- endif %}
<tbody>
{%- for row in data.rows %}
<tr>
{%- for cell in row %}
{%- set text = cell | map(attribute="text") | join(" ") %}
{%- set tone = tones.get(text | lower) or ("nothing" if not text) %}
{%- set head = data.heads[loop.index0] if loop.index0 < data.heads | length else "" %}
<td{% if tone %} class="{{ tone }}"{% endif %}{% if head %} data-head="{{ head }}"{% endif %}>
{%- for item in cell %}{{ "" if loop.first else " " }}{{ anchor(item) }}{% endfor %}</td>
{%- endfor %}
</tr>
{%- endfor %}
</tbody></table></div>
{%- endmacro %}
{%- macro tables(step) -%}
{% if step.rows %}{{ table(step, "Table of " ~ step.step) }}{% endif %}
{%- for one in step.tables if one.rows %}
<h4>{{ one.title }}</h4>
{{ table(one, one.title) }}
{%- endfor %}
{%- endmacro %}
{%- macro badge(step) -%}
<span class="badge {{ step.status }}">{{ marks[step.status] }} {{ step.label }}</span>
{%- endmacro %}
{%- macro links(step) -%}
{% if step.links %}<ul class="links">{% for item in step.links %}<li>{{ anchor(item) }}</li>{% endfor %}</ul>{% endif %}
{%- endmacro %}
<a class="skip" href="#steps">Skip to the steps</a>
<header>
<h1>{{ title }} <span class="badge {{ status }}">{{ label }}</span></h1>
<p class="soft">Began {{ started_at[:10] }} {{ started_at[11:19] }} UTC, took {{ took }}</p>
{%- if stages %}
<nav aria-label="Pipeline">
<ol class="pipeline">
{%- for stage in stages %}
<li class="{{ stage.status }}">
{%- if stage.step %}<a class="stage" href="#step-{{ stage.step }}">{% else %}<span class="stage">{% endif -%}
<span class="name">{{ stage.name }}</span><span class="state">{{ marks[stage.status] }} {{ stage.label }}
{%- if stage.took %} <span class="took">{{ stage.took }}</span>{% endif %}</span>
{%- if stage.step %}</a>{% else %}</span>{% endif -%}
</li>
{%- endfor %}
</ol>
</nav>
{%- endif %}
{%- if stand_ins %}
<section class="notice" aria-labelledby="stand-ins"><h2 id="stand-ins">Stand-ins: not the real thing</h2>
<ul>
{%- for step in stand_ins %}
<li><a href="#step-{{ step.step }}">{{ step.step }}</a>: {{ step.stand_in }}</li>
{%- endfor %}
</ul>
</section>
{%- endif %}
</header>
<main>
{%- if failures %}
<h2>What went wrong</h2>
{%- for step in failures %}
<section class="card wrong" id="wrong-{{ step.step }}" aria-label="{{ step.step }} {{ step.label }}">
<h3><a href="#step-{{ step.step }}">{{ step.step }}</a> {{ badge(step) }}</h3>
{%- if step.summary %}<p>{{ step.summary }}</p>{% endif %}
{%- if step.details %}<pre>{{ step.details }}</pre>{% endif %}
{{ tables(step) }}
{{ links(step) }}
</section>
{%- endfor %}
{%- endif %}
<h2 id="steps">Steps</h2>
{%- for step in steps %}
<section class="card" id="step-{{ step.step }}" aria-label="{{ step.step }}">
<h3>{{ step.step }} {{ badge(step) }}
{%- if step.stand_in %} <span class="badge stand-in">stand-in</span>{% endif %}
{%- if step.took %} <span class="soft">{{ step.took }}</span>{% endif %}</h3>
{%- if step.summary %}<p>{{ step.summary }}</p>{% endif %}
{%- if step.status in ("failed", "started") %}
<p><a href="#wrong-{{ step.step }}">What went wrong</a></p>
{%- else %}
{{ tables(step) }}
{{ links(step) }}
{%- if step.details %}
<details><summary>Details</summary><pre>{{ step.details }}</pre></details>
{%- endif %}
{%- endif %}
</section>
{%- endfor %}
</main>
<footer>Made by rdo.releng from the documents that the steps of this run left.</footer>
</body>
</html>
"""


def page_anywhere(report: dict[str, t.Any]) -> str:
    """The page for a report; a plain one where the library that makes it is not there: its content must not be lost."""
    try:
        return render_page(report)
    except NotFound as error:
        return _plain_page(report, error.message)


def _plain_page(report: dict[str, t.Any], why: str) -> str:
    parts = [f"<h1>{_escaped(report['title'])}</h1>", f"<p>This page is plain: {_escaped(why)}</p>"]
    for step in report["steps"]:
        parts += [
            f"<h2>{_escaped(step['step'])}: {_escaped(step['status'])}</h2>",
            f"<p>{_escaped(step['summary'])}</p>",
        ]
        parts += [f"<pre>{_escaped(step['details'])}</pre>"] if step["details"] else []
        for title, table in [("", step), *((one["title"], one) for one in step["tables"])]:
            heads = "".join(f"<th>{_escaped(head)}</th>" for head in table["heads"])
            rows = ["".join(f"<td>{' '.join(map(_plain_item, cell))}</td>" for cell in row) for row in table["rows"]]
            parts += [f"<h3>{_escaped(title)}</h3>"] if rows and title else []
            parts += ["<table>", *(f"<tr>{row}</tr>" for row in [heads, *rows]), "</table>"] if rows else []
        parts += [f"<p>{_plain_item(link)}</p>" for link in step["links"]]
    return "\n".join(["<!DOCTYPE html>", '<html lang="en">', '<meta charset="utf-8">', *parts, "</html>", ""])


def _plain_item(item: dict[str, t.Any]) -> str:
    text = _escaped(item["text"])
    if item.get("href"):
        return f'<a href="{_escaped(item["href"])}">{text}</a>'
    return f"{text}: {_escaped(item['place'])}" if item.get("place") else text


def _escaped(value: t.Any) -> str:
    return html.escape(str(value))


def render_page(report: dict[str, t.Any]) -> str:
    """The page for a report as ``run_report`` shapes it."""
    jinja2 = load_library("jinja2")
    environment = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined, keep_trailing_newline=True)
    tones = {word: tone for tone, words in TONES.items() for word in words}
    marks = {"done": "✓", "failed": "✕", "started": "…", "waiting": "…", "skipped": "–", "not-reached": "○"}
    return environment.from_string(PAGE).render(presentable(report), style=STYLE, tones=tones, marks=marks)
