"""The page's style sheet, for the screen, the phone and paper."""

STYLE = """
:root { --ink: #1f2933; --soft: #616e7c; --line: #e4e7eb; --paper: #fff; --back: #f5f7fa; --mark: #0b7285;
  --warn: #fff4e6; --warn-line: #f08c00; }
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; scroll-behavior: smooth; }
body { margin: 0; background: var(--back); color: var(--ink);
  font: 16px/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif; }
header, main, footer { max-width: 62rem; margin: 0 auto; padding: 0 1.25rem; }
header { padding-top: 2.2rem; }
h1 { font-size: 1.9rem; line-height: 1.2; margin: 0 0 .3rem; overflow-wrap: anywhere; letter-spacing: -.01em; }
.under { color: var(--soft); margin: 0; overflow-wrap: anywhere; }
nav { margin: 1.1rem 0 0; display: flex; flex-wrap: wrap; gap: .2rem .9rem; font-size: .87rem; }
nav a { color: var(--mark); text-decoration: none; padding: .15rem 0; }
nav a:hover { text-decoration: underline; }
section { background: var(--paper); border: 1px solid var(--line); border-radius: 10px; padding: 1.3rem 1.5rem 1.4rem;
  margin: 1.2rem 0; }
h2 { font-size: 1.22rem; margin: 0 0 .8rem; line-height: 1.3; }
p, ul { margin: 0 0 .9rem; overflow-wrap: anywhere; }
ul { padding-left: 1.25rem; } li { margin-bottom: .35rem; }
p.lead { font-size: 1.28rem; line-height: 1.45; font-weight: 600; border-left: 4px solid var(--mark);
  padding-left: .9rem; }
p.warning { background: var(--warn); border-left: 4px solid var(--warn-line); padding: .5rem .9rem;
  border-radius: 4px; }
p.note { color: var(--soft); font-size: .9rem; }
code { font-size: .92em; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; font-size: .9rem; min-width: 60%; }
th, td { text-align: left; vertical-align: top; padding: .38rem 1.1rem .38rem 0; border-bottom: 1px solid var(--line); }
th { font-weight: 600; color: var(--soft); font-size: .84rem; }
td { font-variant-numeric: tabular-nums; }
td.figure, td.short, th { white-space: nowrap; }
td.long { min-width: 12rem; }
tbody tr:last-child td { border-bottom: 0; }
figure { margin: 0 0 1.1rem; } figcaption { color: var(--soft); font-size: .87rem; margin-top: .3rem; }
.gallery { display: grid; grid-template-columns: repeat(auto-fill, minmax(17rem, 1fr)); gap: .4rem 1.1rem; }
.gallery figure { min-width: 0; }
.gallery figcaption { margin: 0 0 .15rem; font-weight: 600; color: var(--ink); }
.plot { width: 100%; overflow: hidden; }
.scrolls { overflow-x: auto; } .scrolls .plot { min-width: 44rem; }
pre { background: var(--back); border: 1px solid var(--line); border-radius: 6px; padding: .7rem .9rem;
  overflow-x: auto; font-size: .85rem; line-height: 1.5; margin: 0 0 1rem; }
.title { margin: 0 0 .3rem; font-weight: 600; font-size: .9rem; overflow-wrap: anywhere; }
summary { cursor: pointer; font-weight: 600; font-size: .9rem; margin-bottom: .4rem; overflow-wrap: anywhere; }
video { width: 100%; border-radius: 6px; background: #000; display: block; }
footer { color: var(--soft); font-size: .85rem; padding-bottom: 2.5rem; }
@media (max-width: 40rem) {
  header, main, footer { padding-left: .6rem; padding-right: .6rem; }
  section { padding: 1rem .9rem; border-radius: 8px; }
  h1 { font-size: 1.45rem; } p.lead { font-size: 1.1rem; }
  table.cards, .cards tbody, .cards tr, .cards td { display: block; min-width: 0; }
  .cards thead, .cards td.empty { display: none; }
  .cards tr { padding: .5rem 0; border-bottom: 1px solid var(--line); }
  .cards td { border: 0; padding: .05rem 0; white-space: normal; overflow-wrap: anywhere; }
  .cards td[data-head]::before { content: attr(data-head) ": "; color: var(--soft); }
  .cards td:first-child { font-weight: 600; } .cards td:first-child::before { content: none; }
}
@media print {
  @page { margin: 14mm; }
  body { background: none; font-size: 10.5pt; }
  header, main, footer { max-width: none; padding: 0; }
  nav { display: none; }
  section { border: 0; border-top: 1px solid var(--line); border-radius: 0; padding: .8rem 0 0; margin: 1rem 0 0; }
  h2, .title, figcaption { break-after: avoid; } figure, tr, p.lead { break-inside: avoid; }
  .wide, .scrolls, pre { overflow: visible; } .scrolls .plot { min-width: 0; }
  pre { white-space: pre-wrap; overflow-wrap: anywhere; }
  table { font-size: 8.5pt; } th, td { padding-right: .6rem; } td.figure, td.short, th { white-space: normal; }
  td.long { min-width: 0; } .gallery { grid-template-columns: 1fr 1fr; }
  video { display: none; }
}
"""

SCRIPT = """
(function () {
  var config = {displayModeBar: false, responsive: true, displaylogo: false};
  var plots = Array.from(document.querySelectorAll('.plot'));
  function draw(plot) {
    var data = JSON.parse(document.getElementById(plot.dataset.figure).textContent);
    return Plotly.newPlot(plot, data.data, data.layout, config);
  }
  plots.reduce(function (before, plot) { return before.then(function () { return draw(plot); }); }, Promise.resolve())
    .then(function () { document.body.dataset.drawn = plots.length; });
  window.addEventListener('beforeprint', function () {
    document.querySelectorAll('details').forEach(function (one) { one.open = true; });
    plots.forEach(function (plot) { Plotly.relayout(plot, {width: Math.min(plot.clientWidth, 680)}); });
  });
  window.addEventListener('afterprint', function () {
    plots.forEach(function (plot) { Plotly.relayout(plot, {width: null, autosize: true}); });
  });
})();
"""
