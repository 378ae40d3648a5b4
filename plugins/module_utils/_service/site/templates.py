# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# Private to rdo.releng: no promise is made about what lies in here.
"""The templates of the status site: no script, nothing fetched; everything from outside is escaped."""

from __future__ import annotations

from ..report.page_style import STYLE

BASE = (
    """\
<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>{{ title }}</title>
<style>
"""
    + STYLE
    + """\
nav { font-size: .9rem; color: var(--soft); margin-bottom: .75rem; }
.badge { font-size: .8rem; font-weight: 600; padding: .1rem .6rem; border-radius: 1rem; white-space: nowrap; }
.good { color: var(--good); background: var(--good-back); } .bad { color: var(--bad); background: var(--bad-back); }
.fair { color: var(--fair); background: var(--fair-back); } .idle { color: var(--idle); background: var(--idle-back); }
.trends { display: grid; grid-template-columns: repeat(auto-fit, minmax(18rem, 1fr)); gap: 1rem; }
.trends .card { margin: 0; } .trends h3 { justify-content: space-between; }
svg { width: 100%; height: auto; display: block; margin-top: .5rem; }
svg .line { fill: none; stroke: var(--link); stroke-width: 2; } svg .dot { fill: var(--link); }
svg .axis { stroke: var(--line); } svg text { fill: var(--soft); font: 13px system-ui, sans-serif; }
code { font: .85em ui-monospace, monospace; overflow-wrap: anywhere; }
td.number { white-space: nowrap; }
</style>
</head>
<body>
{%- macro badge(tone, text) -%}<span class="badge {{ tone }}">{{ text }}</span>{%- endmacro %}
{%- macro linked(text, url) -%}
{% if url %}<a href="{{ url }}">{{ text }}</a>{% else %}{{ text }}{% endif %}
{%- endmacro %}
{%- macro trend(one) -%}
<section class="card" aria-label="{{ one.title }}">
<h3>{{ one.title }} <span class="soft">{{ one.now }}</span></h3>
{%- if one.points %}
<svg viewBox="0 0 600 110" role="img" aria-label="{{ one.words }}">
<line class="axis" x1="5" x2="595" y1="90" y2="90"/>
<polyline class="line" points="{% for x, y in one.points %}{{ x }},{{ y }} {% endfor %}"/>
{%- for x, y in one.points %}<circle class="dot" cx="{{ x }}" cy="{{ y }}" r="3"/>{% endfor %}
<text x="5" y="106">{{ one.from }}</text><text x="595" y="106" text-anchor="end">today</text>
<text x="5" y="12">{{ one.most }}</text>
</svg>
{%- else %}<p class="soft">Nothing in the last {{ one.days }} days.</p>{% endif %}
</section>
{%- endmacro %}
<header>
<nav aria-label="Where this is">
{%- for text, url in path %}<a href="{{ url }}">{{ text }}</a> › {% endfor %}{{ here }}</nav>
<h1>{{ title }}{% for tone, text in badges %} {{ badge(tone, text) }}{% endfor %}</h1>
{%- if intro %}<p>{{ intro }}</p>{% endif %}
<p class="soft">As of {{ as_of }} UTC</p>
</header>
<main>
"""
)

END = """
</main>
<footer>Made by rdo.releng of what DLRN, the hub, Gerrit and the journals say. Needs no network and no script.</footer>
</body>
</html>
"""

_TABLE = """
{%- macro table(heads, rows, label) -%}
<div class="card scroll" tabindex="0" role="region" aria-label="{{ label }}"><table>
<thead><tr>{% for head in heads %}<th scope="col">{{ head }}</th>{% endfor %}</tr></thead>
<tbody>
{%- for row in rows %}
<tr>{% for cell in row %}<td>
{%- if cell.tone %}{{ badge(cell.tone, cell.text) }}{% else %}{{ linked(cell.text, cell.url) }}{% endif -%}
</td>{% endfor %}</tr>
{%- else %}
<tr><td colspan="{{ heads | length }}" class="soft">None.</td></tr>
{%- endfor %}
</tbody></table></div>
{%- endmacro %}
"""

PAGE = (
    BASE
    + _TABLE
    + """
{%- for section in sections %}
<h2>{{ section.title }}</h2>
{%- if section.text %}<p>{{ section.text }}</p>{% endif %}
{%- if section.heads %}{{ table(section.heads, section.rows, section.title) }}{% endif %}
{%- if loop.first and trends %}
<h2>Trends</h2>
<div class="trends">{% for one in trends %}{{ trend(one) }}{% endfor %}</div>
{%- endif %}
{%- endfor %}
"""
    + END
)
