// Copying, filling in, and saying so when ChatGee is not there. Pages work without it, save for these.
import "./corrections.js";
import { ask } from "./wire.js";

const LOOK_AGAIN = 3000;  // milliseconds, while ChatGee is not there
const byId = (id) => document.getElementById(id);
let looking = 0;

async function copy(button) {
  const source = byId(button.dataset.copy);
  try {
    await navigator.clipboard.writeText(source.textContent.trim());
  } catch {
    getSelection().selectAllChildren(source);  // without the permission: as a person would
    if (!document.execCommand("copy")) return;
  }
  const label = button.textContent;
  if (label === button.dataset.copied) return;
  button.textContent = button.dataset.copied;
  tell(button.dataset.copied);
  setTimeout(() => { button.textContent = label; }, 2000);
}

// As if it had been typed, so that Ctrl+Z brings back what stood there.
function fill(field, words, told) {
  field.focus();
  field.select();
  if (!document.execCommand("insertText", false, words)) field.value = words;
  readFields();
  field.setSelectionRange(0, 0);
  field.scrollTop = 0;
  tell(told);
}

// What an example took the place of is one click away, for whoever knows no Ctrl+Z.
const before = new Map();

function fillBy(button) {
  const field = byId(button.dataset.fill), undo = document.querySelector(`[data-undo="${field.id}"]`);
  const { words } = button.dataset;
  if (undo?.parentElement === button.parentElement && field.value.trim() !== words.trim()) {
    if (undo.hidden) before.set(field, field.value);
    undo.hidden = false;
  }
  fill(field, words, button.dataset.told);
}

function undo(button) {
  const field = byId(button.dataset.undo);
  fill(field, before.get(field), button.dataset.told);
  button.hidden = true;
}

function choose(button) {
  document.querySelector("input[name=source][value=local]").checked = true;
  byId("address").value = button.dataset.choose;
  byId("check-model").click();
}

// How much stands in a field, and by how much it is too long: nothing is cut while it is typed.
function count(place) {
  const field = byId(place.dataset.counts), over = place.querySelector("b");
  const length = [...field.value.trim()].length, most = Number(place.dataset.most);
  place.querySelector("span").textContent = length.toLocaleString("ko");
  over.textContent = length > most ? over.dataset.words.replace("{over}", (length - most).toLocaleString("ko")) : "";
}

// What the model would get as it stands there: names in braces, and what an example left open.
const REMARKS = {
  braces: /\$?\{{1,2} *[\p{L}_][\p{L}\p{N}_ .-]{0,29}\}{1,2}|%[\p{L}_]{2,30}%/gu,
  blanks: /[○◯〇]{2,}[\p{L}\p{N}]*|\d{2,4}-0{3,4}-0{4}/gu,
};

function remark(place) {
  const words = byId(place.dataset.remarks).value;
  const told = Object.entries(REMARKS).map(([name, pattern]) => {
    const found = [...new Set(words.match(pattern) ?? [])].slice(0, 5).join(", ");
    return found && place.dataset[name].replace("{found}", () => found);
  }).filter(Boolean);
  if (told.join() === [...place.children].map((one) => one.textContent).join()) return;
  place.replaceChildren(...told.map((one) => {
    const line = document.createElement("p");
    line.className = "warning";
    line.textContent = one;
    return line;
  }));
}

function readFields() {
  document.querySelectorAll("[data-counts]").forEach(count);
  document.querySelectorAll("[data-remarks]").forEach(remark);
}

// A check belongs to what was checked: of another address or key its green would be a lie.
const CHECKED = {
  "model-told": ["source", "openai_key", "address", "server_key"],
  "link-told": ["link", "token", "domain"],
};

function uncheck(field) {
  for (const [place, names] of Object.entries(CHECKED)) {
    if (names.includes(field.name)) byId(place)?.replaceChildren();
  }
}

// For those who listen to the page.
function tell(words) {
  let voice = byId("voice");
  if (!voice) {
    voice = document.createElement("p");
    voice.id = "voice";
    voice.className = "hidden";
    voice.setAttribute("role", "status");
    document.body.append(voice);
  }
  voice.textContent = "";
  setTimeout(() => { voice.textContent = words; }, 50);
}

function alarm(kind) {
  const place = byId("alarm");
  const words = kind ? place.dataset[kind] : "";
  if (place.textContent !== words) place.textContent = words;
  document.body.classList.toggle("down", kind === "down");
  clearTimeout(looking);
  if (kind === "down") looking = setTimeout(look, LOOK_AGAIN);
}

// Many pages ask for nothing by themselves: the alarm would outlast what it tells of.
async function look() {
  const reply = await fetch("/static/icon.svg", { method: "HEAD", cache: "no-store" }).catch(() => null);
  alarm(reply?.ok ? "" : "down");
}

function kindOf(status) {
  if (status < 400) return "";
  if (status >= 502) return "down";  // 503: it is starting, or has gone
  return { 401: "out", 403: "stale", 413: "long" }[status] ?? "failed";
}

// Not `disabled`, which would take the focus away.
function sending(context, now) {
  if (!context.sourceElement.matches("#setup, [form=setup]")) return;
  for (const button of document.querySelectorAll("#setup button:not([type]), button[form=setup]")) {
    if (now) button.setAttribute("aria-disabled", "true");
    else button.removeAttribute("aria-disabled");
  }
}

// What was done is told once, and not again with every F5.
if (location.search.startsWith("?done=")) history.replaceState(null, "", location.pathname);

addEventListener("pageshow", (event) => {
  if (event.persisted && document.querySelector("[aria-disabled=true]")) location.reload();
});

document.addEventListener("click", (event) => {
  if (!event.target.closest("[aria-disabled=true]")) return;
  event.preventDefault();
  event.stopPropagation();
}, true);

document.addEventListener("click", (event) => {
  const button = event.target.closest("button");
  if (!button) return;
  if (button.dataset.copy) copy(button);
  if (button.dataset.fill) fillBy(button);
  if (button.dataset.undo) undo(button);
  if (button.dataset.choose) choose(button);
});

document.addEventListener("input", (event) => {
  readFields();
  uncheck(event.target);
});
document.addEventListener("htmx:after:swap", readFields);
addEventListener("pageshow", readFields);  // a browser may bring back what was typed

document.addEventListener("htmx:config:request", (event) => { event.detail.ctx.fetch = ask; });
document.addEventListener("htmx:before:request", (event) => sending(event.detail.ctx, true));
document.addEventListener("htmx:finally:request", (event) => {
  if (!event.detail.ctx.keepIndicators) sending(event.detail.ctx, false);  // else the page goes
});
document.addEventListener("htmx:error", () => alarm("down"));
document.addEventListener("htmx:before:response", (event) => {
  const status = event.detail.ctx.response.status;
  alarm(kindOf(status));
  if (status >= 400) event.preventDefault();  // what was typed stays in the page
});

// What had the focus may have gone with what it brought: the keyboard goes on in its place.
let held = null;
document.addEventListener("htmx:before:swap", () => { held = document.activeElement; });
document.addEventListener("htmx:after:swap", (event) => {
  if (!held || held.isConnected || document.activeElement !== document.body) return;
  const place = byId(event.detail.ctx.target?.id);
  const next = place?.querySelector("[role=status] button") ?? place?.querySelector("button, a, input:not([type=hidden])");
  next?.focus();
});

document.addEventListener("htmx:after:swap", () => {
  const wrong = document.querySelector("#setup [aria-invalid]");
  if (wrong && document.activeElement?.closest(".bar, .checking")) wrong.focus();
});
