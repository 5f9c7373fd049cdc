// Throughput over time, from counters that were asked for again and again.
import { rate } from "./format.js";

const svgNS = "http://www.w3.org/2000/svg";
const room = 150; // samples that are kept: five minutes at two seconds each
const [left, bottom] = [70, 18]; // room for the axes

// Series keeps samples of counters and makes rates of them.
export class Series {
  constructor() {
    this.points = []; // {at, in, out}: rates in octets a second since the sample before, null where they are not known
    this.last = null;
  }

  // add takes counters that were read at a time, in milliseconds. A counter that went down began anew: the rate is not known.
  add(at, inBytes, outBytes) {
    const before = this.last;
    if (before && at <= before.at) {
      return; // the router was asked again too soon, and gave the same answer
    }
    const since = (now, then) => (before && now >= then ? (1000 * (now - then)) / (at - before.at) : null);
    this.points.push({ at, in: since(inBytes, before?.in), out: since(outBytes, before?.out) });
    this.points = this.points.slice(-room);
    this.last = { at, in: inBytes, out: outBytes };
  }

  // now is the newest rates.
  now() {
    return this.points.at(-1) ?? { in: null, out: null };
  }

  top() {
    return Math.max(1, ...this.points.flatMap((p) => [p.in ?? 0, p.out ?? 0]));
  }
}

function element(name, attributes, text) {
  const e = document.createElementNS(svgNS, name);
  for (const [key, value] of Object.entries(attributes)) {
    e.setAttribute(key, value);
  }
  if (text !== undefined) {
    e.textContent = text;
  }
  return e;
}

// line is the path of one direction; what is not known leaves a gap.
function line(points, key, x, y) {
  let d = "";
  let pen = "M";
  for (const p of points) {
    if (p[key] === null) {
      pen = "M";
      continue;
    }
    d += `${pen}${x(p.at).toFixed(1)} ${y(p[key]).toFixed(1)}`;
    pen = "L";
  }
  return element("path", { class: key, d });
}

// ceiling is the next round number of bits a second, as octets.
function ceiling(octets) {
  const bits = 8 * octets;
  const unit = 10 ** Math.floor(Math.log10(bits));
  return ([1, 2, 5, 10].find((n) => n * unit >= bits) * unit) / 8;
}

// draw fills an SVG with a series, axes and all.
export function draw(svg, series) {
  const [width, height] = [svg.clientWidth || 900, svg.clientHeight || 170];
  const top = ceiling(series.top());
  const last = series.points.at(-1)?.at ?? 0;
  const span = Math.max(60000, last - (series.points[0]?.at ?? 0));
  const x = (at) => width - ((last - at) / span) * (width - left);
  const y = (v) => height - bottom - (v / top) * (height - bottom - 10);
  const parts = [];
  for (const share of [0, 0.5, 1]) {
    const h = y(share * top);
    parts.push(element("line", { class: "grid", x1: left, x2: width, y1: h, y2: h }));
    parts.push(element("text", { x: left - 6, y: h + 4, "text-anchor": "end" }, rate(share * top)));
  }
  parts.push(element("text", { x: left, y: height - 3 }, `${Math.round(span / 1000)} s ago`));
  parts.push(element("text", { x: width, y: height - 3, "text-anchor": "end" }, "now"));
  parts.push(line(series.points, "in", x, y), line(series.points, "out", x, y));
  if (series.points.length < 2) { // a rate takes two samples
    parts.splice(0, parts.length, element("text", { x: width / 2, y: height / 2, "text-anchor": "middle" }, "measuring"));
  }
  svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
  svg.replaceChildren(...parts);
}

// trend is a series as small as a word.
export function trend(series) {
  const top = series.top();
  const points = series.points.slice(-60);
  const step = 110 / Math.max(1, points.length - 1);
  const svg = element("svg", { class: "trend", viewBox: "0 0 110 24", "aria-hidden": "true" });
  for (const key of ["in", "out"]) {
    svg.append(line(points.map((p, i) => ({ at: i, [key]: p[key] })), key, (i) => i * step, (v) => 22 - (v / top) * 20));
  }
  return svg;
}
