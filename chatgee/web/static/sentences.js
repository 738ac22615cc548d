// The page of sentences: draws what a friend would see, while its owner types. The form works
// without it.
import { make, mine, theirs } from "./kakao.js";
import { ask } from "./wire.js";

const PAUSE = 150;  // ms without a key before the server is asked
const narrow = matchMedia("(max-width: 60rem)");
const byId = (id) => document.getElementById(id);
const form = () => byId("texts");
const fields = () => form().querySelectorAll("[data-shows]");

let field = null;  // the last one that had the focus
let asked = 0;  // the newest answer wins
let timer = 0;
let saved = written();
let leaving = false;

function written() {
  const data = new URLSearchParams(new FormData(form()));
  for (const name of ["csrf", "of"]) data.delete(name);
  return data.toString();
}

const isDirty = () => written() !== saved;

// --- what a friend sees ------------------------------------------------------------------------

async function look() {
  const number = ++asked;
  const body = new URLSearchParams(new FormData(form()));
  const shows = field?.dataset.shows ?? "";
  body.set("shows", shows);
  let seen;
  try {
    const reply = await ask("/settings/texts/preview", { method: "POST", body });
    if (!reply.ok) throw new Error(reply.status);
    seen = await reply.json();
  } catch {
    byId("room").classList.add("stale");  // the bubble is an old one, until the program is back
    return;
  }
  if (number !== asked) return;
  tell(seen.problems);
  if (seen.template) draw(seen, shows);
}

function draw(seen, shows) {
  const { name, whole } = byId("preview").dataset;
  const room = byId("room");
  const cards = room.querySelector(".cards")?.scrollLeft ?? 0;
  const from = theirs(seen.template, (key) => go(key.label), { name, whole });
  room.replaceChildren(...(seen.said ? [mine(seen.said)] : []), from);
  room.classList.remove("stale");
  byId("preview-count").textContent = seen.count;
  const row = room.querySelector(".cards");
  if (row && field.id.startsWith("card-")) {
    const at = row.children[Number(field.id.split("-")[1])];
    row.scrollLeft = at ? at.offsetLeft - row.offsetLeft : cards;
  }
  room.scrollTop = shows.startsWith("button.") ? room.scrollHeight : 0;
}

// A button of the preview leads to the field with its name.
function go(label) {
  const names = form().querySelectorAll("[name^='button.']");
  [...names].find((one) => one.value.trim() === label)?.focus();
}

function tell(problems) {
  for (const one of fields()) {
    const words = problems[one.id];
    if (words) one.setAttribute("aria-invalid", "true");
    else one.removeAttribute("aria-invalid");
    const place = byId(`${one.id}-told`);
    if (!place || place.textContent.trim() === (words ?? "")) continue;
    place.replaceChildren(...(words ? [make("p", "error", words)] : []));
  }
}

// --- while it is typed -------------------------------------------------------------------------

function mark(one) {
  const ours = one.closest(".field").querySelector("[data-words]");
  if (ours) one.closest(".field").classList.toggle("edited", one.value.trim() !== ours.dataset.words);
  const chip = document.querySelector(`[data-of="${CSS.escape(one.id)}"]`);
  if (chip) chip.textContent = one.value;
  byId("unsaved").textContent = isDirty() ? form().dataset.unsaved : "";
}

function enter(one) {
  field = one;
  place();
  byId("preview").classList.toggle("of-label", one.id.startsWith("button."));
  look();
}

function place() {
  const own = field?.closest(".labels") ? field.closest(".help-card") : field?.closest(".field");
  const home = narrow.matches && own ? own : byId("preview-home");
  if (byId("preview").parentElement !== home) home.append(byId("preview"));
}

function insert(button) {
  const into = byId(button.dataset.into) ?? field;
  if (!into) return;
  into.focus();
  if (document.execCommand("insertText", false, button.dataset.insert)) return;
  into.setRangeText(button.dataset.insert, into.selectionStart, into.selectionEnd, "end");
  into.dispatchEvent(new Event("input", { bubbles: true }));
}

document.addEventListener("focusin", (event) => {
  if (event.target.matches?.("#texts [data-shows]") && event.target !== field) enter(event.target);
});

document.addEventListener("input", (event) => {
  if (!event.target.matches("#texts [data-shows]")) return;
  mark(event.target);
  clearTimeout(timer);
  timer = setTimeout(look, PAUSE);
});

// The field keeps the focus, so that the words go where the cursor is.
document.addEventListener("pointerdown", (event) => {
  if (event.target.closest("[data-insert]")) event.preventDefault();
});

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-insert]");
  if (button) insert(button);
  const jump = event.target.closest(".jump a");
  const folded = jump && document.querySelector(`${jump.hash} details`);
  if (folded) folded.open = true;
});

narrow.addEventListener("change", place);

// --- nothing is lost ---------------------------------------------------------------------------

addEventListener("beforeunload", (event) => {
  if (!leaving && isDirty()) event.preventDefault();
});

let undone = -Infinity;

// A second click would take back what the first one did.
document.addEventListener("submit", (event) => {
  if (event.target.id === "undo") {
    if (event.timeStamp - undone < 1000) event.preventDefault();
    undone = event.timeStamp;
  } else {
    leaving = true;
  }
});

function sending(context, now) {
  if (!form().contains(context.sourceElement)) return;
  for (const button of form().querySelectorAll("button:not([type])")) {
    if (now) button.setAttribute("aria-disabled", "true");
    else button.removeAttribute("aria-disabled");
  }
}

document.addEventListener("htmx:before:request", (event) => sending(event.detail.ctx, true));
document.addEventListener("htmx:finally:request", (event) => {
  if (!event.detail.ctx.keepIndicators && !leaving) sending(event.detail.ctx, false);
});

document.addEventListener("htmx:before:response", (event) => {
  byId("preview-home").append(byId("preview"));  // it is no part of the form that comes
  leaving = event.detail.ctx.response.headers.has("HX-Redirect");
});

document.addEventListener("htmx:error", () => { leaving = false; });

document.addEventListener("htmx:after:swap", () => {
  const focus = form().dataset.focus;
  const wrong = form().querySelector("[aria-invalid]");
  for (const one of fields()) mark(one);
  field = field && byId(field.id);
  if (focus) byId(focus)?.focus();
  else wrong?.focus();
  if (field) { place(); look(); }
});

if (!narrow.matches) {
  field = form().querySelector("[aria-invalid]") ?? fields()[0];
  look();
}
