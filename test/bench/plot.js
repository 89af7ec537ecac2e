// Writes what a run of the benchmarks measured into docs/performance.md: its tables,
// between the marks for them, and the plots of how costs grow, docs/images/bench-*.svg.
//
//   node test/bench/plot.js [dist/bench.json]

import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import domino from "@mixmark-io/domino";
import * as Plot from "@observablehq/plot";

const root = new URL("../../", import.meta.url);
const run = JSON.parse(readFileSync(process.argv[2] ?? new URL("dist/bench.json", root), "utf8"));

const clients = [...new Set(run.measured.map(({ client }) => client))].filter((name) => !name.startsWith("go/compile"));

/** The median of what a client needed for a work, or undefined. */
function median(work, client, measure) {
  return run.measured.find((m) => m.work === work && m.client === client && m.measure === measure)?.median;
}

function digits(value) {
  if (Math.abs(value) >= 100) return value.toFixed(0);
  return value.toPrecision(3);
}

function table(head, rows) {
  const line = (cells) => `| ${cells.join(" | ")} |`;
  return [line(head), line(head.map((_, i) => (i === 0 ? "---" : "---:"))), ...rows.map(line)].join("\n");
}

const figures = table(
  ["figure", "remora", "peer", "ratio", "target", ""],
  run.figures.map(({ title, value, peerValue, peer, ratio, unit, target, met }) => [
    title,
    `${digits(value)} ${unit}`,
    peer ? `${digits(peerValue)} ${unit}` : "",
    peer ? ratio.toFixed(2) : "",
    peer ? `≤ ${target.toFixed(2)}` : `≤ ${target} ${unit}`,
    met ? "met" : "missed",
  ]),
);

/** A row for each work and a column for each client. */
function works(measure, rows) {
  const known = rows.filter(([work]) => clients.some((client) => median(work, client, measure) !== undefined));
  const columns = clients.filter((client) => known.some(([work]) => median(work, client, measure) !== undefined));
  const cell = (value) => (value === undefined ? "" : digits(value));
  return table(
    ["", ...columns],
    known.map(([work, title]) => [title, ...columns.map((client) => cell(median(work, client, measure)))]),
  );
}

const titles = [
  ["small", "a small call in series"],
  ["flight16", "a small call, 16 in flight"],
  ["flight64", "a small call, 64 in flight"],
  ["1mb", "a result of 1 MB"],
  ["10mb", "a result of 10 MB"],
  ["list", "a list of 1,000 tools"],
  ["progress", "a call with 1,000 progress events"],
  ["start", "process start to first result"],
];

const { cpus, node, go, os, arch } = run.machine;
const blocks = {
  figures: `Medians of ${run.rounds} rounds in one run${run.quick ? " with `--quick`" : ""}, ${cpus} CPUs (${os}, ${arch}), Node ${node}, ${go}.\n\n${figures}`,
  wall: works("wall", titles),
  cpu: works("cpu", titles),
};

const file = new URL("docs/performance.md", root);
let text = readFileSync(file, "utf8");
for (const [name, block] of Object.entries(blocks)) {
  const marks = new RegExp(`(<!-- ${name} -->\n)[^]*?(\n<!-- end -->)`);
  if (!marks.test(text)) throw new Error(`docs/performance.md has no place for ${name}`);
  text = text.replace(marks, (_, before, after) => before + block + after);
}
writeFileSync(file, text);

const document = domino.createDocument("<html></html>");

// What is drawn, and in which color; some clients do only some of the work.
const colors = { sdk: "#4269d0", remora: "#ff725c", host: "#ff725c", fetch: "#9c6b4e", extism: "#3ca951" };
const drawn = clients.filter((client) => client.split("/")[1] in colors);

/** Writes lines of a measure by client over what grows, on logarithmic scales, a panel for each platform. */
function plot(name, steps, measure, x, y) {
  const points = drawn.flatMap((client) =>
    steps
      .map(([work, at]) => ({ platform: client.split("/")[0], client, at, value: median(work, client, measure) }))
      .filter(({ value }) => value !== undefined && value > 0),
  );
  if (points.length === 0) return;
  const place = { x: "at", y: "value", z: "client", fx: "platform" };
  const svg = Plot.plot({
    document,
    width: 960,
    height: 380,
    marginLeft: 50,
    marginRight: 100,
    marginBottom: 40,
    style: { background: "white", color: "black", fontFamily: "sans-serif", fontSize: "12px" },
    fx: { label: null, domain: ["node", "chromium", "go"].filter((name) => points.some((p) => p.platform === name)) },
    x: { type: "log", label: x, ticks: steps.map(([, at]) => at), tickFormat: "~s" },
    y: { type: "log", label: y, grid: true, ticks: 4, tickFormat: "~s" },
    color: { domain: Object.keys(colors), range: Object.values(colors) },
    marks: [
      Plot.lineY(points, { ...place, stroke: ({ client }) => client.split("/")[1], marker: "circle" }),
      Plot.text(
        points,
        Plot.selectLast({
          ...place,
          text: "client",
          fill: ({ client }) => client.split("/")[1],
          dx: 8,
          textAnchor: "start",
        }),
      ),
    ],
  });
  svg.setAttribute("xmlns", "http://www.w3.org/2000/svg");
  writeFileSync(new URL(`docs/images/bench-${name}.svg`, root), `${svg.outerHTML}\n`);
  console.log(`docs/images/bench-${name}.svg`);
}

const sizes = [
  ["small", 10],
  ["1kb", 1e3],
  ["10kb", 1e4],
  ["100kb", 1e5],
  ["1mb", 1e6],
  ["10mb", 1e7],
];
const sessions = [
  ["sessions10", 10],
  ["sessions100", 100],
  ["sessions1000", 1000],
];
plot("sizes", sizes, "wall", "bytes of the result", "ms for a call");
plot("sizes-cpu", sizes, "cpu", "bytes of the result", "ms of the client's CPU time for a call");
plot("sessions", sessions, "wall", "sessions in one process", "ms to open one more and call it once");
console.log(fileURLToPath(file));
