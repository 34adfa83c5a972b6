"""The look of a report's page: light and dark, from a phone's width to A4 on paper."""

STYLE = """
:root {
  color-scheme: light dark;
  --paper: #f4f6f8; --card: #ffffff; --ink: #1c252c; --soft: #55626d; --line: #d9e0e6;
  --faint: #eef2f5; --link: #0b5394; --curve: #14507a; --usual: #009e73; --limit: #b3261e;
  --alert: #7a1f5c; --good: #0a6b4b; --bad: #a3261e; --open: #7a5200; --bar: #2f6f9f;
}
@media (prefers-color-scheme: dark) {
  :root {
    --paper: #11171c; --card: #1a2229; --ink: #e7edf2; --soft: #a4b1bc; --line: #33404a;
    --faint: #222c34; --link: #8cc4f5; --curve: #8cc4f5; --usual: #35c79a; --limit: #ff8a7d;
    --alert: #f0a0d4; --good: #6fd9b0; --bad: #ff9c92; --open: #f2c166; --bar: #5d9fd0;
  }
}
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; }
body {
  margin: 0; background: var(--paper); color: var(--ink); line-height: 1.5; font-size: 16px;
  font-family: system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "PingFang SC",
    "Microsoft YaHei", "Noto Sans CJK SC", "DejaVu Sans", sans-serif;
}
main { max-width: 1040px; margin: 0 auto; padding: 24px 16px 40px; }
section, header.top {
  background: var(--card); border: 1px solid var(--line); border-radius: 10px;
  padding: 18px 20px; margin: 0 0 14px;
}
h1, h2, h3, p, ul, ol, dl, figure { margin: 0; }
h1 { font-size: 1.55rem; line-height: 1.25; margin: 4px 0 10px; overflow-wrap: anywhere; }
h2 { font-size: 1.08rem; margin-bottom: 10px; }
h3 { font-size: .98rem; }
p + p, ul + p, ol + p, dl + p, p + ul, p + ol, dl + h3, ol + h3, p + h3, ul + h3, p + dl {
  margin-top: 8px;
}
p + .two, p + .order, .order + h3, .charts + p, .scroll + h3, .cover + h3 { margin-top: 14px; }
ul, ol { padding-left: 1.4em; }
li + li { margin-top: 5px; }
a { color: var(--link); }
code, pre { font-family: ui-monospace, "SFMono-Regular", Menlo, Consolas, monospace; }
code { font-size: .88em; overflow-wrap: anywhere; }
dd, li, p { overflow-wrap: anywhere; }
td { overflow-wrap: break-word; }
td.time { white-space: nowrap; }
.soft { color: var(--soft); }
.small { font-size: .875rem; }
.chips { display: flex; flex-wrap: wrap; gap: 8px; padding: 0; list-style: none; }
.chips li { margin: 0; border: 1px solid var(--line); border-radius: 999px; padding: 3px 12px;
  background: var(--faint); font-size: .92rem; }
.chips .strong { border: 2px solid var(--bad); font-weight: 600; }
dl.facts { display: grid; grid-template-columns: max-content 1fr; gap: 4px 16px; }
dl.facts dt { color: var(--soft); }
dl.facts dd { margin: 0; min-width: 0; }
header dl.facts { margin-top: 14px; font-size: .92rem; }
.two { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 340px), 1fr));
  gap: 18px 26px; }
.two > * { min-width: 0; }
.now { border-left: 5px solid var(--bad); padding-left: 12px; font-size: 1.06rem; }
.tagged { color: var(--soft); font-size: .875rem; display: block; }
.sure { color: var(--good); } .never { color: var(--bad); } .maybe { color: var(--open); }
.meter { height: 12px; border: 1px solid var(--soft); border-radius: 3px; overflow: hidden;
  background: var(--card); margin: 5px 0 7px; }
.meter span { display: block; height: 100%; background: var(--bar); }
.untested .meter span { background: repeating-linear-gradient(135deg, var(--bar) 0 4px,
  var(--card) 4px 8px); }
.refuted .meter span { background: none; border-right: 3px solid var(--bar); }
.likely { border-top: 1px solid var(--line); padding: 12px 0; }
.likely:first-of-type { border-top: 0; padding-top: 0; }
.likely .line { display: flex; justify-content: space-between; gap: 12px; }
.likely .line > b { white-space: nowrap; }
.signs { list-style: none; padding: 0; font-size: .92rem; }
.signs li { padding-left: 1.5em; text-indent: -1.5em; }
.signs b { display: inline-block; width: 1.5em; text-indent: 0; }
.charts { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 400px), 1fr));
  gap: 16px 22px; }
figure { min-width: 0; break-inside: avoid; }
figcaption { margin-bottom: 4px; }
figcaption span { display: block; color: var(--soft); font-size: .875rem; }
svg { display: block; width: 100%; height: auto; }
svg text { fill: var(--soft); font-size: 11.5px; }
svg .end { text-anchor: end; } svg .mid { text-anchor: middle; }
svg .note { fill: var(--ink); paint-order: stroke; stroke: var(--card); stroke-width: 3px; }
svg .limit-note { fill: var(--limit); }
svg .grid { stroke: var(--line); fill: none; }
svg .axis { stroke: var(--soft); fill: none; }
svg .curve { stroke: var(--curve); stroke-width: 1.5; fill: none; stroke-linejoin: round;
  stroke-linecap: round; }
svg .usual { fill: var(--usual); fill-opacity: .16; stroke: var(--usual); stroke-opacity: .7;
  stroke-width: .8; stroke-dasharray: 1 3; }
svg .limit { stroke: var(--limit); stroke-width: 1.5; stroke-dasharray: 8 4; fill: none; }
svg .mark { fill: none; stroke: var(--ink); stroke-width: 1.1; }
svg .mark.onset { stroke-dasharray: 2 3; }
svg .mark.alert { stroke: var(--alert); stroke-width: 1.6; }
svg .dot.onset { fill: var(--card); stroke: var(--ink); stroke-width: 1.4; }
svg .dot.alert { fill: var(--alert); }
.key { display: flex; flex-wrap: wrap; gap: 6px 18px; margin: 6px 0 14px; padding: 0;
  list-style: none; font-size: .875rem; color: var(--soft); }
.key li { margin: 0; display: flex; align-items: center; gap: 7px; }
.key svg { width: 30px; height: 14px; flex: none; }
.claims > li { padding-left: 4px; }
.maybe { white-space: nowrap; }
.cites { white-space: nowrap; font-size: .875rem; }
.cites a { padding: 0 2px; }
.when { list-style: none; padding: 0 0 0 4px; }
.when li { position: relative; padding: 0 0 12px 22px; margin: 0;
  border-left: 2px solid var(--line); }
.when li:last-child { padding-bottom: 0; }
.when li::before { content: ""; position: absolute; left: -6px; top: 7px; width: 8px; height: 8px;
  border-radius: 50%; border: 2px solid var(--curve); background: var(--card); }
.when .own::before { background: var(--alert); border-color: var(--alert); }
.when time { display: block; font-size: .875rem; color: var(--soft);
  font-variant-numeric: tabular-nums; }
.cover { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 165px), 1fr));
  gap: 14px; }
.cover > div { border: 1px solid var(--line); border-radius: 8px; padding: 10px 12px;
  min-width: 0; }
.cover ul { list-style: none; padding: 0; }
.cover .gap { border: 2px dashed var(--bad); }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-size: .92rem; }
th, td { text-align: left; padding: 6px 12px 6px 0; border-bottom: 1px solid var(--line);
  vertical-align: top; }
th { color: var(--soft); font-weight: 600; white-space: nowrap; }
tr.shown td { font-weight: 600; }
.order { border: 1px solid var(--line); border-radius: 8px; padding: 12px 14px; }
.order + .order { margin-top: 12px; }
.caution { border-left: 5px solid var(--open); padding-left: 12px; font-weight: 600; }
details { border-top: 1px solid var(--line); }
details:last-of-type { border-bottom: 1px solid var(--line); }
summary { cursor: pointer; padding: 9px 2px; scroll-margin-top: 10px; }
summary:target { outline: 3px solid var(--bar); outline-offset: 1px; border-radius: 4px; }
summary b { display: inline-block; min-width: 2.6em; }
details > div { padding: 0 2px 14px; }
pre { margin: 8px 0 0; padding: 10px 12px; background: var(--faint); border-radius: 6px;
  font-size: .8rem; overflow: auto; max-height: 420px; white-space: pre-wrap;
  overflow-wrap: anywhere; }
footer { color: var(--soft); font-size: .875rem; padding: 4px; }
@media (max-width: 600px) {
  main { padding: 10px 8px 24px; }
  section, header.top { padding: 14px; }
  h1 { font-size: 1.3rem; }
  dl.facts { grid-template-columns: fit-content(34%) 1fr; gap: 4px 12px; font-size: .94rem; }
}
@page { size: A4; margin: 13mm 12mm; }
@media print {
  :root {
    color-scheme: light;
    --paper: #fff; --card: #fff; --ink: #000; --soft: #444; --line: #bbb; --faint: #f3f3f3;
    --link: #000; --curve: #14507a; --usual: #009e73; --limit: #b3261e; --alert: #7a1f5c;
    --good: #0a6b4b; --bad: #a3261e; --open: #7a5200; --bar: #2f6f9f;
  }
  body { font-size: 10.5pt; print-color-adjust: exact; -webkit-print-color-adjust: exact; }
  main { max-width: none; padding: 0; }
  section, header.top { border: 0; border-top: 1px solid var(--line); border-radius: 0;
    padding: 10px 0; margin: 0; }
  header.top { border-top: 0; }
  .charts { grid-template-columns: 1fr 1fr; }
  .order, .likely, .cover > div, li { break-inside: avoid; }
  h2, h3 { break-after: avoid; }
  pre { display: none; }
  details::details-content { content-visibility: visible; block-size: auto; }
  summary { list-style: none; padding: 5px 0; }
  a { text-decoration: none; }
}
""".strip()
"""No other file is fetched; marks differ by shape, dashes and words, not by colour alone."""
