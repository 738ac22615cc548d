// New questions at the top as they come, without moving what is read; and the end of a search.

const list = document.getElementById("talks");
const arrived = document.getElementById("arrived");
const bar = document.getElementById("searching");

const TOP = 160;  // pixels from the top of the page, within which nobody reads further down
const MOST = 400;  // rows; then the page begins anew
const ASKED_ABOUT = 100;  // of the rows that may still change, in one look
let waiting = [];
let stopped = false;

const row = (id) => document.getElementById(id);
const focusFirst = (place) => place?.querySelector("a")?.focus({ preventScroll: true });

// --- what is new ---------------------------------------------------------------------------

function look() {
  if (document.visibilityState === "visible") list.dispatchEvent(new CustomEvent("look"));
}

function question(body) {
  const newest = waiting[0] ?? list.querySelector(".talk");
  body.set("after", newest?.dataset.at ?? "0");
  body.set("id", newest?.dataset.id ?? "");
  const open = [...waiting, ...list.querySelectorAll("[data-open]")].slice(0, ASKED_ABOUT);
  body.set("open", open.map((one) => one.dataset.id).join(" "));
}

function answer(html) {
  const page = new DOMParser().parseFromString(`<ol>${html}</ol>`, "text/html");
  const rows = [...page.querySelectorAll(".talk")].map((one) => document.adoptNode(one));
  if (page.querySelector(".more")) return location.reload();  // more than a page: away for long
  const fresh = [];
  for (const one of rows) {
    if (!isNew(one)) renew(one);
    else fresh.push(one);
  }
  waiting = [...fresh, ...waiting.filter((one) => fresh.every((other) => other.id !== one.id))];
  if (scrollY < TOP) show();
  else announce();
}

function isNew(one) {
  const newest = waiting[0] ?? list.querySelector(".talk");
  return !newest || Number(one.dataset.at) > Number(newest.dataset.at) || !(row(one.id) || waiting.some((other) => other.id === one.id));
}

function renew(one) {
  const place = waiting.findIndex((other) => other.id === one.id);
  if (place >= 0) waiting[place] = one;
  const old = row(one.id);
  if (!old || old.innerHTML === one.innerHTML) return;
  const focused = old.contains(document.activeElement);
  old.replaceWith(one);
  if (focused) focusFirst(one);
}

function show() {
  if (!waiting.length) return announce();
  if (list.children.length > MOST) return location.reload();
  if (!list.querySelector(".talk")) list.replaceChildren();
  for (const one of waiting) {
    row(one.id)?.remove();  // asked again: it moves to the top
    one.classList.add("fresh");
  }
  list.prepend(...waiting);
  waiting = [];
  announce();
}

function announce() {
  arrived.hidden = !waiting.length;
  arrived.textContent = arrived.dataset.words.replace("{count}", waiting.length);
}

arrived.addEventListener("click", () => {
  scrollTo({ top: 0 });
  show();
  focusFirst(list);
});

if (list.dataset.seconds) {
  setInterval(look, list.dataset.seconds * 1000);
  document.addEventListener("visibilitychange", look);
}

// --- what is below -------------------------------------------------------------------------

function tellOfSearch() {
  const on = list.querySelector(".searching");
  on?.classList.toggle("stopped", stopped);
  bar.hidden = !on || stopped;
  if (on) bar.querySelector("p").textContent = on.dataset.searched;
}

bar.querySelector("button").addEventListener("click", () => {
  stopped = true;
  tellOfSearch();
  focusFirst(list.querySelector(".searching"));
});

document.addEventListener("htmx:config:request", (event) => {
  const { sourceElement, request } = event.detail.ctx;
  if (sourceElement === list) question(request.body);
  else if (sourceElement.matches(".searching") && stopped) event.preventDefault();
  else if (sourceElement.matches(".searching a")) stopped = false;
});

document.addEventListener("htmx:after:request", (event) => {
  const { sourceElement, text, response } = event.detail.ctx;
  if (sourceElement === list && response?.status === 200) answer(text);
});

// The button below goes with what it brought: the keyboard goes on with the first of it.
let above = null;
document.addEventListener("htmx:before:swap", () => {
  const pressed = document.activeElement?.closest(".more");
  if (pressed) above = pressed.previousElementSibling;
});
document.addEventListener("htmx:after:swap", () => {
  if (above) focusFirst(above.nextElementSibling);
  above = null;
  tellOfSearch();
});

// A question whose button was pressed is drawn anew, without the button.
document.addEventListener("htmx:after:swap", (event) => {
  const { sourceElement } = event.detail.ctx;
  if (sourceElement.matches(".doing")) focusFirst(row(`q-${sourceElement.elements.namedItem("id")?.value}`));
});

tellOfSearch();
