// The drawings of the report, by the name in a canvas's data-chart. Each takes the page's data, the
// colours of the moment and the canvas, and gives a configuration for Chart.js.
"use strict";

const figures = (() => {
  const short = new Intl.NumberFormat("en", { maximumSignificantDigits: 4 });
  const whole = new Intl.NumberFormat("en");

  /** A number of any size in at most four significant digits. */
  function digits(value) {
    const size = Math.abs(value);
    const plain = size === 0 || (size >= 1e-5 && size < 1e6);
    return (plain ? short.format(value) : value.toExponential(2)).replaceAll("-", "\u2212");
  }

  function axis(colours, title, more = {}) {
    return {
      grid: { color: colours.rule, drawTicks: false },
      border: { color: colours.muted },
      title: { display: title !== "", text: title, color: colours.muted },
      ...more,
      ticks: { color: colours.muted, padding: 6, ...more.ticks },
    };
  }

  /** Counts from 1 on; an empty bin has no bar, which a logarithmic scale cannot show as 0. */
  function countAxis(colours) {
    return axis(colours, "samples", {
      type: "logarithmic",
      min: 0.7,
      ticks: {
        autoSkip: false,
        callback: (value) => (Number.isInteger(Math.log10(value)) ? whole.format(value) : null),
      },
    });
  }

  function legend(colours, display = true) {
    return { display, align: "start", labels: { color: colours.ink, boxWidth: 12, boxHeight: 12 } };
  }

  function stages(data, colours) {
    return {
      type: "bar",
      data: {
        labels: data.stages.map((stage) => stage.name),
        datasets: [
          {
            label: "seconds",
            data: data.stages.map((stage) => stage.seconds),
            backgroundColor: colours.leaf,
            maxBarThickness: 18,
            minBarLength: 2,
          },
        ],
      },
      options: {
        indexAxis: "y",
        plugins: { legend: legend(colours, false) },
        scales: {
          x: axis(colours, "seconds"),
          y: axis(colours, "", { grid: { display: false }, ticks: { color: colours.ink } }),
        },
      },
    };
  }

  /** One line a cutoff K, the kept epoch's points larger. */
  function metric(data, colours, name) {
    const runs = data.surrogate.evaluations;
    const kept = runs.map((run) => run.epoch === data.surrogate.keptEpoch);
    return {
      type: "line",
      data: {
        labels: runs.map((run) => run.epoch),
        datasets: data.cutoffs.map((cutoff, k) => ({
          label: `@${cutoff}`,
          data: runs.map((run) => run.valid[name][k]),
          borderColor: colours.lines[k],
          backgroundColor: colours.lines[k],
          borderWidth: 2,
          pointRadius: kept.map((is) => (is ? 5 : runs.length > 30 ? 0 : 2)),
          pointBackgroundColor: kept.map((is) => (is ? colours.bark : colours.lines[k])),
          pointBorderColor: kept.map((is) => (is ? colours.bark : colours.lines[k])),
        })),
      },
      options: {
        interaction: { mode: "index", intersect: false },
        plugins: { legend: legend(colours) },
        scales: {
          x: axis(colours, "epoch", { grid: { display: false } }),
          y: axis(colours, "", { beginAtZero: true }),
        },
      },
    };
  }

  /**
   * Two bars in one place: all samples behind, the kept ones before them.
   *
   * @param bins x is the place, all and kept are counts, title says which bin, tail is set for a
   *     bar that gathers everything beyond the others
   */
  function twoBars(colours, bins, xAxis) {
    const bars = (label, backgroundColor, from, count) => ({
      label,
      backgroundColor,
      data: from.map((bin) => ({ x: bin.x, y: count(bin), title: bin.title })),
      grouped: false,
      categoryPercentage: 1,
      barPercentage: 0.94,
    });
    const tails = bins.filter((bin) => bin.tail);
    const inner = bins.filter((bin) => !bin.tail);
    const datasets = [
      bars("kept", colours.bark, bins, (bin) => bin.kept),
      bars("all samples", colours.leafSoft, inner, (bin) => bin.all),
    ];
    if (tails.length > 0) datasets.push(bars("all beyond", colours.muted, tails, (bin) => bin.all));
    return {
      type: "bar",
      data: { datasets },
      options: {
        interaction: { mode: "x", intersect: false },
        plugins: {
          legend: legend(colours),
          tooltip: { callbacks: { title: (items) => items[0]?.raw.title ?? "" } },
        },
        scales: { x: xAxis, y: countAxis(colours) },
      },
    };
  }

  /** An axis with round numbers only: none at the ends, where they would crowd. */
  function valueAxis(colours, title, range) {
    const ticks = { includeBounds: false, maxRotation: 0, callback: digits };
    return axis(colours, title, { type: "linear", ...range, ticks });
  }

  function histogram(data, colours, column) {
    const { edges, counts, selected, below, above } = data.histograms[column];
    const low = edges[0];
    const high = edges[counts.length];
    const width = (high - low) / counts.length || Math.abs(low) || 1;
    const bins = counts.map((all, bin) => ({
      x: low + (bin + 0.5) * width,
      all,
      kept: selected[bin],
      title: `${digits(edges[bin])} to ${digits(edges[bin + 1])}`,
    }));
    const tail = (x, [all, kept], title) => ({ x, all, kept, title, tail: true });
    if (below[0] > 0) bins.unshift(tail(low - 1.5 * width, below, `below ${digits(low)}`));
    if (above[0] > 0) bins.push(tail(high + 1.5 * width, above, `above ${digits(high)}`));
    const range = { min: bins[0].x - 0.7 * width, max: bins[bins.length - 1].x + 0.7 * width };
    const xAxis = valueAxis(colours, column, { ...range, offset: false, grid: { display: false } });
    return twoBars(colours, bins, xAxis);
  }

  function strata(data, colours) {
    const { edges, sizes, counts } = data.strata;
    const bins = sizes.map((all, k) => ({
      x: k,
      all,
      kept: counts[k],
      title: `stratum ${k}: ${digits(edges[k])} to ${digits(edges[k + 1])}`,
    }));
    const range = { min: -0.6, max: sizes.length - 0.4 };
    const more = { offset: false, grid: { display: false } };
    const xAxis = valueAxis(colours, "stratum", { ...range, ...more });
    xAxis.ticks.precision = 0;
    return twoBars(colours, bins, xAxis);
  }

  /** Smallest and largest value that show the given share in the middle. */
  function span(values, share) {
    const sorted = Float64Array.from(values).sort();
    const last = sorted.length - 1;
    const low = sorted[Math.floor(((1 - share) / 2) * last)];
    const high = sorted[Math.ceil(((1 + share) / 2) * last)];
    const margin = (high - low) * 0.03 || Math.abs(high) * 0.03 || 1;
    return { min: low - margin, max: high + margin };
  }

  /** Draws all samples as small squares: tens of thousands of chart elements would be slow. */
  function cloud(rows, colours) {
    return {
      id: "cloud",
      beforeDatasetsDraw(chart) {
        const { ctx, chartArea, scales } = chart;
        ctx.save();
        ctx.beginPath();
        ctx.rect(chartArea.left, chartArea.top, chartArea.width, chartArea.height);
        ctx.clip();
        ctx.globalAlpha = 0.35;
        ctx.fillStyle = colours.leaf;
        for (let row = 0; row < rows.sample.length; row++) {
          const x = scales.x.getPixelForValue(rows.influence[row]);
          const y = scales.y.getPixelForValue(rows.effort[row]);
          ctx.fillRect(x - 0.8, y - 0.8, 1.6, 1.6);
        }
        ctx.restore();
      },
    };
  }

  function scatter(data, colours, canvas) {
    const rows = data.rows;
    const share = Number(canvas.dataset.share);
    const points = [];
    rows.selected.forEach((is, row) => {
      if (is) points.push({ x: rows.influence[row], y: rows.effort[row], row });
    });
    const label = (item) => {
      const row = item.raw.row;
      return [
        `sample ${rows.sample[row]}`,
        `influence ${digits(rows.influence[row])}`,
        `effort ${digits(rows.effort[row])}`,
        `overall ${digits(rows.overall[row])}, stratum ${rows.stratum[row]}`,
      ];
    };
    return {
      type: "scatter",
      data: {
        datasets: [
          {
            label: "kept",
            data: points,
            backgroundColor: colours.bark,
            borderColor: colours.paper,
            borderWidth: 0.5,
            radius: 2.6,
          },
          { label: "all samples", data: [], backgroundColor: colours.leaf },
        ],
      },
      options: {
        plugins: { legend: legend(colours), tooltip: { callbacks: { label } } },
        scales: {
          x: valueAxis(colours, "influence", span(rows.influence, share)),
          y: valueAxis(colours, "effort", span(rows.effort, share)),
        },
      },
      plugins: [cloud(rows, colours)],
    };
  }

  /** A line for each curvature matrix; what is below the floor of the scale is not drawn. */
  function spectrum(data, colours) {
    const floor = 1e-6;
    const { spectra } = data.curvature;
    const ticks = { callback: (value) => (Number.isInteger(Math.log10(value)) ? value : null) };
    return {
      type: "line",
      data: {
        datasets: spectra.map((one, k) => ({
          label: one.curvature,
          data: one.x.map((x, p) => ({ x, y: one.y[p] > floor ? one.y[p] : null })),
          borderColor: k === 0 ? colours.leaf : colours.bark,
          backgroundColor: k === 0 ? colours.leafSoft : "transparent",
          borderWidth: 2,
          pointRadius: 0,
          fill: k === 0 ? "start" : false,
        })),
      },
      options: {
        interaction: { mode: "nearest", axis: "x", intersect: false },
        plugins: { legend: legend(colours) },
        scales: {
          x: valueAxis(colours, "eigenvalue", { grid: { display: false } }),
          y: axis(colours, "share", { type: "logarithmic", min: floor, max: 1, ticks }),
        },
      },
    };
  }

  return {
    stages,
    spectrum,
    recall: (data, colours) => metric(data, colours, "recall"),
    ndcg: (data, colours) => metric(data, colours, "ndcg"),
    influence: (data, colours) => histogram(data, colours, "influence"),
    effort: (data, colours) => histogram(data, colours, "effort"),
    strata,
    scatter,
  };
})();
