# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# Private to rdo.releng: no promise is made about what lies in here.
"""How the pages look that runs leave: light and dark, on any width, with nothing fetched."""

from __future__ import annotations

STYLE = """\
:root {
  color-scheme: light dark;
  --back: #f6f7f9; --card: #fff; --ink: #1b2430; --soft: #566273; --line: #d9dee6; --link: #0b57a4;
  --good: #146c3c; --good-back: #e3f4ea; --bad: #b01724; --bad-back: #fdeaec;
  --fair: #7a5200; --fair-back: #fdf3dc; --idle: #5b6675; --idle-back: #eceff3;
}
@media (prefers-color-scheme: dark) {
  :root {
    --back: #12161c; --card: #1a2029; --ink: #e4e9f0; --soft: #a3afbf; --line: #313b48; --link: #82b8f5;
    --good: #77d6a0; --good-back: #153325; --bad: #ff98a0; --bad-back: #431c21;
    --fair: #f0c565; --fair-back: #3a2e12; --idle: #a3afbf; --idle-back: #252d38;
  }
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--back); color: var(--ink); font: 16px/1.5 system-ui, sans-serif; }
main, header, footer { max-width: 72rem; margin: 0 auto; padding: 0 1.25rem; }
header { padding-top: 2rem; }
h1 {
  font-size: 1.6rem; line-height: 1.25; margin: 0; display: flex; flex-wrap: wrap; gap: .75rem;
  align-items: center;
}
h2 { font-size: 1.2rem; margin: 2rem 0 .75rem; }
h3 { font-size: 1.05rem; margin: 0; display: flex; flex-wrap: wrap; gap: .6rem; align-items: center; }
p { margin: .4rem 0; overflow-wrap: anywhere; }
a { color: var(--link); }
a:focus-visible, summary:focus-visible, [tabindex]:focus-visible {
  outline: 3px solid var(--link); outline-offset: 2px;
}
.soft { color: var(--soft); font-weight: 400; font-size: .9rem; }
.card {
  background: var(--card); border: 1px solid var(--line); border-radius: .6rem; padding: 1rem 1.2rem;
  margin: 0 0 1rem;
}
.scroll { overflow-x: auto; margin: .75rem 0 .25rem; }
table { border-collapse: collapse; width: 100%; font-size: .9rem; }
th, td { text-align: left; vertical-align: top; padding: .4rem .8rem .4rem 0; border-bottom: 1px solid var(--line); }
th { color: var(--soft); font-weight: 600; white-space: nowrap; }
tr:last-child td { border-bottom: 0; }
td { overflow-wrap: break-word; min-width: 4rem; max-width: 40rem; font-variant-numeric: tabular-nums; }
footer { padding: 1rem 1.25rem 2.5rem; color: var(--soft); font-size: .85rem; }
"""
