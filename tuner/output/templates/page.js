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
