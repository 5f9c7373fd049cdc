// The page: asks the router every two seconds and shows what it says. All text goes into the page as text.
import { age, clock, rate } from "./format.js";
import { draw, Series, trend } from "./plot.js";

const period = 2000; // from an answer to the next question
const patience = 10000; // that an answer is waited for
const pageSize = 100;
const $ = (id) => document.getElementById(id);

const state = { status: "", text: "", iface: "", offset: 0, chosen: "" };
const total = new Series();
let series = new Map(); // of the sessions that are shown, by ID
let one = new Series(); // of the session that is chosen
const headings = [...document.querySelectorAll("#list th")].map((th) => th.textContent);
let asked = 0; // rounds: what a later one has overtaken is not shown

async function ask(path) {
  // Not relative to the page: its address may have the token in it, and such ones fetch does not take.
  const reply = await fetch(location.origin + location.pathname + path, { signal: AbortSignal.timeout(patience), headers: { Accept: "application/json" } });
  if (!reply.ok) {
    const text = await reply.text(); // JSON of the router's, text of who asks for the token
    const error = text.startsWith("{") ? JSON.parse(text).error : text;
    throw Object.assign(new Error(error.trim() || reply.statusText), { code: reply.status });
  }
  return reply.json();
}

function make(name, className, text) {
  const e = document.createElement(name);
  e.className = className;
  e.textContent = text;
  return e;
}

function stateClass(status) {
  return status.toLowerCase();
}

function showSummary(s) {
  $("hostname").textContent = s.hostname || "seikan";
  $("version").textContent = s.version;
  document.title = `${s.hostname || "seikan"}: ${s.sessions - s.statuses.DOWN - s.statuses["DOWN-NEGOTIATING"]} of ${s.sessions} up`;
  const order = ["UP-ACTIVE", "UP-IDLE", "UP-NO-IKE", "DOWN-NEGOTIATING", "DOWN"];
  if ($("tiles").childElementCount === 0) {
    for (const status of ["", ...order]) {
      const tile = make("button", `tile ${stateClass(status)}`, "");
      tile.type = "button";
      tile.dataset.status = status;
      tile.append(make("span", "", status || "all sessions"), make("b", "", ""));
      tile.addEventListener("click", () => choose({ status, offset: 0 }));
      $("tiles").append(tile);
    }
  }
  for (const tile of $("tiles").children) {
    const status = tile.dataset.status;
    tile.lastChild.textContent = status ? s.statuses[status] : s.sessions;
    tile.setAttribute("aria-pressed", String(status === state.status));
  }
  const names = ["", ...s.interfaces];
  const select = $("interface");
  if (select.length !== names.length || names.some((n, i) => select.options[i].value !== n)) {
    select.replaceChildren(...names.map((n) => new Option(n || "all interfaces", n, false, n === state.iface)));
  }
  total.add(Date.parse(s.at), s.in.bytes, s.out.bytes);
  plot("total", total);
  const list = (what, counts) => (counts.length > 0 ? ` ${what} ${counts.map((c) => `${c.count} ${c.reason}`).join(", ")}.` : "");
  $("counts").textContent = `IKE SAs set up: ${s.handshakes}, rekeys: ${s.rekeys}.` + list("Set-ups that failed:", s.failures) +
    list("Packets of no session dropped:", s.drops) + list("IKE messages dropped:", s.ikeDrops);
}

// plot draws a series and writes its newest rates beside its name.
function plot(id, series) {
  draw($(id), series);
  const now = series.now();
  for (const way of ["in", "out"]) {
    $(`${id}-${way}`).textContent = rate(now[way]);
  }
}

function rowOf(s, at) {
  const known = series.get(s.id) ?? new Series();
  known.add(at, s.in.bytes, s.out.bytes);
  const tr = document.createElement("tr");
  tr.dataset.id = s.id;
  tr.setAttribute("aria-current", String(s.id === state.chosen));
  const status = make("td", stateClass(s.status), "");
  status.append(make("span", "state", s.status));
  const peer = make("td", "", "");
  const link = make("a", "", s.peer);
  link.href = `#${s.id}`;
  peer.append(link);
  const line = make("td", "", "");
  line.append(trend(known));
  const ago = (iso) => age((at - Date.parse(iso)) / 1000);
  const since = make("td", "number", s.since ? ago(s.since) : "never up");
  if (s.since) {
    since.title = `since ${clock(s.since)}`;
  }
  const cause = make("td", "wide", s.cause ? `${s.cause}${s.detail ? `: ${s.detail}` : ""} (${ago(s.causeAt)} ago)` : "");
  const now = known.now();
  tr.append(
    status, make("td", "", s.interface), peer, make("td", "wide", s.description), since,
    make("td", "number", rate(now.in)), make("td", "number", rate(now.out)), line, cause,
  );
  for (const [i, cell] of [...tr.children].entries()) {
    cell.dataset.name = headings[i]; // which a narrow screen shows in front of it
  }
  return [tr, known];
}

function showList(list) {
  const at = Date.parse(list.at);
  const next = new Map();
  const focused = document.activeElement?.closest?.("tr")?.dataset.id;
  const rows = list.sessions.map((s) => {
    const [tr, known] = rowOf(s, at);
    next.set(s.id, known);
    return tr;
  });
  series = next; // what is not shown any more is forgotten
  $("rows").replaceChildren(...rows);
  if (focused) {
    rows.find((tr) => tr.dataset.id === focused)?.querySelector("a").focus({ preventScroll: true });
  }
  $("none").hidden = list.matched > 0;
  const last = list.offset + list.sessions.length;
  $("matched").textContent = list.matched > 0 ? `${list.offset + 1}–${last} of ${list.matched}` : "";
  $("before").disabled = list.offset === 0;
  $("after").disabled = last >= list.matched;
}

function dropsOf(session) {
  const lines = [];
  for (const flow of session.flows) {
    for (const [name, way] of [["in", flow.in], ["out", flow.out]]) {
      for (const d of way.drops ?? []) {
        lines.push(`${flow.policy}, ${name}: ${d.count} ${d.reason}`);
      }
    }
  }
  return lines;
}

function fill(list, lines, otherwise) {
  list.replaceChildren(...(lines.length > 0 ? lines : [otherwise]).map((text) => make("li", "", text)));
}

function showDetail(d) {
  $("title").textContent = `${d.row.peer} on ${d.row.interface}${d.row.description ? `, ${d.row.description}` : ""}`;
  one.add(Date.parse(d.at), d.row.in.bytes, d.row.out.bytes);
  plot("one", one);
  const told = d.history.map((c) => `${clock(c.at)}: ${c.what}${c.seconds ? ` after ${age(c.seconds)}` : ""}${c.count > 1 ? ` ${c.count} times` : ""}${c.cause ? `, ${c.cause}` : ""}${c.detail ? `: ${c.detail}` : ""}`);
  fill($("history"), told, "Nothing yet: the session was never up and nothing was tried.");
  fill($("drops"), dropsOf(d.session), "None.");
  $("text-detail").textContent = d.text;
}

// filters is what is asked for, as the parameters of a list and of this page.
function filters() {
  return new URLSearchParams([["status", state.status], ["interface", state.iface], ["text", state.text]].filter(([, value]) => value));
}

function listPath() {
  const p = filters();
  p.set("offset", state.offset);
  p.set("limit", pageSize);
  return `api/v1/sessions?${p}`;
}

async function detail() {
  try {
    return await ask(`api/v1/sessions/${state.chosen}`);
  } catch (e) {
    if (e.code === 404 || e.code === 400) {
      return null;
    }
    throw e;
  }
}

// round asks for all that is shown, once.
async function round() {
  const mine = ++asked;
  try {
    const [summary, list, chosen] = await Promise.all([ask("api/v1/summary"), ask(listPath()), state.chosen ? detail() : null]);
    if (mine !== asked) {
      return;
    }
    showSummary(summary);
    showList(list);
    if (chosen) {
      showDetail(chosen);
    }
    const opens = chosen && $("detail").hidden;
    $("detail").hidden = !chosen;
    $("gone").hidden = !state.chosen || Boolean(chosen);
    if (opens) {
      $("title").focus(); // it is below the list, and brought into sight by that
    }
    $("live").textContent = `as of ${clock(summary.at)}`;
    tell("");
  } catch (e) {
    if (mine === asked) {
      const why = { TimeoutError: `nothing for ${patience / 1000} s`, TypeError: "the router cannot be reached" }[e.name] ?? e.message;
      tell(`No answer: ${why}. What is shown is old.`);
    }
  }
}

// tell says what is wrong, "" for nothing. What it said before it does not say again, so that it is read out once.
function tell(what) {
  document.body.classList.toggle("lost", what !== "");
  if ($("lost").textContent !== what) {
    $("lost").textContent = what;
  }
}

async function choose(change) {
  Object.assign(state, change);
  const p = filters().toString();
  history.replaceState(null, "", location.pathname + (p && `?${p}`) + location.hash);
  await round();
}

// follow shows the session that the address names.
function follow() {
  const id = location.hash.slice(1);
  if (id !== state.chosen) {
    one = series.get(id) ?? new Series();
    $("detail").hidden = true; // until there is something to show of it
  }
  const before = state.chosen;
  if (!id && before) {
    $("rows").querySelector(`[data-id="${CSS.escape(before)}"] a`)?.focus(); // whence one came
  }
  return choose({ chosen: id });
}

async function poll() {
  if (!document.hidden) {
    await round();
  }
  setTimeout(poll, period);
}

$("text").addEventListener("input", () => choose({ text: $("text").value.trim(), offset: 0 }));
$("interface").addEventListener("change", () => choose({ iface: $("interface").value, offset: 0 }));
$("before").addEventListener("click", () => choose({ offset: Math.max(0, state.offset - pageSize) }));
$("after").addEventListener("click", () => choose({ offset: state.offset + pageSize }));
$("filters").addEventListener("submit", (e) => e.preventDefault());
addEventListener("hashchange", follow);
addEventListener("keydown", (e) => {
  if (e.key === "Escape" && state.chosen) {
    location.hash = "";
  }
});
addEventListener("resize", () => {
  draw($("total"), total);
  draw($("one"), one);
});
document.addEventListener("visibilitychange", () => document.hidden || round());

const wanted = new URLSearchParams(location.search);
Object.assign(state, { status: wanted.get("status") ?? "", iface: wanted.get("interface") ?? "", text: wanted.get("text") ?? "" });
$("text").value = state.text;
await follow();
setTimeout(poll, period);
