// Puts a chart into every canvas of the page, and draws again when the colours change. The root
// element tells a test what happened: data-charts, data-errors and data-ready (milliseconds).
"use strict";

(() => {
  const root = document.documentElement;
  root.dataset.errors = "0";
  window.addEventListener("error", (event) => record(event.message));

  const data = JSON.parse(document.getElementById("coppice-data").textContent);
  const charts = new Map();

  function record(message) {
    root.dataset.errors = String(Number(root.dataset.errors) + 1);
    root.dataset.lastError = message;
  }

  function palette() {
    const style = getComputedStyle(root);
    const colour = (name) => style.getPropertyValue(`--${name}`).trim();
    return {
      paper: colour("paper"),
      ink: colour("ink"),
      muted: colour("muted"),
      rule: colour("rule"),
      leaf: colour("leaf"),
      leafSoft: colour("leaf-soft"),
      bark: colour("bark"),
      lines: [1, 2, 3, 4].map((k) => colour(`line-${k}`)),
    };
  }

  function draw(canvas) {
    charts.get(canvas)?.destroy();
    const config = figures[canvas.dataset.chart](data, palette(), canvas);
    const fixed = { animation: false, responsive: true, maintainAspectRatio: false };
    config.options = { ...fixed, ...config.options };
    charts.set(canvas, new Chart(canvas, config));
  }

  function drawAll() {
    Chart.defaults.font.family = getComputedStyle(root).getPropertyValue("--sans");
    Chart.defaults.font.size = 12;
    for (const canvas of document.querySelectorAll("canvas[data-chart]")) {
      try {
        draw(canvas);
      } catch (error) {
        record(`${canvas.dataset.chart}: ${error.message}`);
        const message = document.createElement("p");
        message.className = "failed";
        message.textContent = `This chart could not be drawn: ${error.message}`;
        canvas.parentElement.replaceChildren(message);
      }
    }
    root.dataset.charts = String(charts.size);
  }

  /** Buttons above the scatter plot: everything, or the middle of both scores. */
  function offerViews(canvas) {
    const views = document.createElement("div");
    views.className = "views";
    for (const [text, share] of [["Central 98 %", 0.98], ["All samples", 1]]) {
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = text;
      button.setAttribute("aria-pressed", String(share === Number(canvas.dataset.share)));
      button.addEventListener("click", () => {
        canvas.dataset.share = String(share);
        for (const other of views.children) {
          other.setAttribute("aria-pressed", String(other === button));
        }
        draw(canvas);
      });
      views.append(button);
    }
    canvas.parentElement.before(views);
  }

  /** On paper the page is light whatever the screen is. */
  function paper(isPrint) {
    if (isPrint) {
      root.dataset.paper = "print";
    } else {
      delete root.dataset.paper;
    }
    drawAll();
  }

  const scatter = document.querySelector("canvas[data-chart=scatter]");
  if (scatter) {
    scatter.dataset.share = "0.98";
    offerViews(scatter);
  }
  const stages = document.querySelector("canvas[data-chart=stages]");
  stages.parentElement.style.height = `${4 + 1.9 * data.stages.length}rem`;
  drawAll();
  window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", drawAll);
  window.addEventListener("beforeprint", () => paper(true));
  window.addEventListener("afterprint", () => paper(false));
  root.dataset.ready = String(Math.round(performance.now()));
})();
