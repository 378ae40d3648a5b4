# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# Private to rdo.releng: no promise is made about what lies in here.
"""The template of a time line's page: one file, no script, nothing fetched; everything from outside is escaped."""

from __future__ import annotations

from .page_style import STYLE

PAGE = (
    """\
<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>{{ title }}: where the time went</title>
<style>
"""
    + STYLE
    + """\
:root { --ours: #0b57a4; --hub: #8a4b00; --distribution: #7a2e8e; --people: #5b6675; }
@media (prefers-color-scheme: dark) {
  :root { --ours: #82b8f5; --hub: #f0a860; --distribution: #d79be8; --people: #a3afbf; }
}
svg { width: 100%; min-width: 44rem; height: auto; display: block; }
svg text { fill: var(--ink); font: 12px system-ui, sans-serif; }
svg .tick { stroke: var(--line); } svg .label { fill: var(--soft); }
svg .ours { fill: var(--ours); } svg .hub { fill: var(--hub); }
svg .distribution { fill: var(--distribution); } svg .people { fill: var(--people); }
.sums { list-style: none; display: flex; flex-wrap: wrap; gap: .5rem 1.5rem; padding: 0; margin: 1rem 0 0; }
.sums i { display: inline-block; width: .8rem; height: .8rem; border-radius: .2rem; margin-right: .4rem; }
i.ours { background: var(--ours); } i.hub { background: var(--hub); }
i.distribution { background: var(--distribution); } i.people { background: var(--people); }
.notice {
  background: var(--fair-back); border: 1px solid var(--fair); border-radius: .6rem; padding: .6rem 1.2rem;
  margin: 1.5rem 0 0;
}
</style>
</head>
<body>
{%- macro linked(text, url) -%}
{% if url %}<a href="{{ url }}">{{ text or url }}</a>{% else %}{{ text }}{% endif %}
{%- endmacro %}
<header>
<h1>{{ title }}</h1>
<p class="soft">Began {{ began[:10] }} {{ began[11:19] }} UTC, took {{ took }}</p>
<ul class="sums" aria-label="Whose time it was">
{%- for whose, spent, percent in sums %}
<li><i class="{{ whose }}"></i>{{ whose }}: <b>{{ spent }}</b> <span class="soft">{{ percent }} %</span></li>
{%- endfor %}
</ul>
{%- for one in open %}
<p class="notice">Waiting for {{ one.whose }} since {{ one.began[:10] }} {{ one.began[11:19] }} UTC, {{ one.stage }}:
{{ linked(one.detail or one.what, one.url) }}</p>
{%- endfor %}
</header>
<main>
<h2>Time line</h2>
<div class="card scroll" tabindex="0" role="region" aria-label="Time line">
<svg viewBox="0 0 {{ size[0] }} {{ size[1] }}" role="img" aria-label="A bar for each stage; the table has the same">
{%- for tick in ticks %}
<line class="tick" x1="{{ tick.x }}" x2="{{ tick.x }}" y1="20" y2="{{ size[1] - 6 }}"/>
<text class="label" x="{{ tick.x }}" y="14" text-anchor="middle">{{ tick.label }}</text>
{%- endfor %}
{%- for stage, y in stages %}
<text x="{{ left - 10 }}" y="{{ y + 15 }}" text-anchor="end">{{ stage[:28] }}</text>
{%- endfor %}
{%- for one in bars %}
<rect class="{{ one.whose }}" x="{{ one.x }}" y="{{ one.y }}" width="{{ one.width }}" height="{{ bar }}" rx="3">
<title>{{ one.title }}</title></rect>
{%- endfor %}
</svg>
</div>
<div class="card scroll" tabindex="0" role="region" aria-label="Stages"><table>
<thead><tr>{% for head in ("stage", "what", "whose", "began (UTC)", "took", "how", "") %}<th scope="col">{{ head }}</th>
{%- endfor %}</tr></thead>
<tbody>
{%- for one in rows %}
<tr><td>{{ one.stage }}</td><td>{{ one.what }}</td><td>{{ one.whose }}</td>
<td>{{ one.began[:19] | replace("T", " ") }}</td>
<td>{{ one.took }}</td><td>{{ one.how }}</td><td>{{ linked(one.detail, one.url) }}</td></tr>
{%- endfor %}
</tbody></table></div>
{%- if builds %}
<h2>The slowest builds</h2>
<div class="card scroll" tabindex="0" role="region" aria-label="The slowest builds"><table>
<thead><tr><th scope="col">build</th><th scope="col">took</th></tr></thead>
<tbody>{% for one in builds %}
<tr><td>{{ linked(one.nvr, one.url) }}</td><td>{{ one.took }}</td></tr>{% endfor %}
</tbody></table></div>
{%- endif %}
{%- if waived %}
<h2>What was waived</h2>
<ul class="card">{% for one in waived %}<li>{{ one }}</li>{% endfor %}</ul>
{%- endif %}
</main>
<footer>Made by rdo.releng from the run's journal
{%- if damaged %}; {{ damaged }} lines of it could not be read{% endif %}.
Each second belongs to one of four: the first of ours, hub and distribution that was at work, otherwise people.</footer>
</body>
</html>
"""
)
