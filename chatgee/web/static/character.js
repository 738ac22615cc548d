// Tries the character that stands in the editor, and tells whether it is saved.
import { make, mine, onEnter, theirs, typing } from "./kakao.js";
import { ask } from "./wire.js";

const byId = (id) => document.getElementById(id);
const editor = byId("editor"), prompt = byId("prompt"), state = byId("state");
const room = byId("room"), asks = byId("ask"), question = byId("question"), both = byId("both");
const words = room.dataset;

const MOST_TURNS = 20;
const MOST_CHARS = 20_000;  // of all turns that are sent along

// --- the editor -----------------------------------------------------------------------------

const draft = () => prompt.value.trim();
const isChanged = () => draft() !== byId("saved").dataset.kept.trim();

function show() {
  const changed = isChanged();
  const told = changed ? state.dataset.changed : state.dataset.clean;
  if (state.textContent !== told) state.textContent = told;
  state.classList.toggle("unsaved", changed);
  if (changed) document.querySelector("[data-done]")?.remove();
}

prompt.addEventListener("input", show);
document.addEventListener("htmx:after:swap", () => {
  show();
  if (byId("prompt-told").querySelector(".error")) prompt.setAttribute("aria-invalid", "true");
  else prompt.removeAttribute("aria-invalid");
});

addEventListener("keydown", (event) => {
  if (!(event.ctrlKey || event.metaKey) || event.altKey || event.shiftKey || event.code !== "KeyS") return;
  event.preventDefault();
  if (isChanged()) editor.requestSubmit();
});

addEventListener("beforeunload", (event) => { if (isChanged()) event.preventDefault(); });

// --- the chat -------------------------------------------------------------------------------

const turns = { draft: [], saved: [] };
let asking = null;  // what can stop the question that is being answered
let askedWith = null;  // the draft that answered last

const clock = () => new Date().toLocaleTimeString("ko", { hour: "numeric", minute: "2-digit" });

function add(element) {
  room.append(element);
  room.scrollTop = room.scrollHeight;
  return element;
}

function say(text) {
  for (const quick of room.querySelectorAll(".quick")) quick.remove();  // as KakaoTalk does
  add(mine(text, clock()));
}

function instead(old, element) {
  old.replaceWith(element);
  room.scrollTop = room.scrollHeight;
}

// One page of an answer: the button below it brings the next.
function page(told, number, who) {
  const press = (button) => {
    say(button.label);
    add(page(told, number + 1, who));
    question.focus();
  };
  const one = theirs(told.pages[number], press, who, clock());
  if (number === 0) one.append(make("p", "cost", told.told));
  return one;
}

function form(side, asked) {
  const body = new FormData();
  body.set("csrf", editor.elements.csrf.value);
  body.set("question", asked);
  body.set("turns", JSON.stringify(turns[side]));
  if (side === "saved") body.set("saved", "1");
  else body.set("prompt", draft());
  return body;
}

async function post(side, asked, signal) {
  const reply = await ask("/settings/character/try", { method: "POST", body: form(side, asked), signal });
  if (reply.headers.get("Content-Type")?.includes("json")) return reply.json();
  if (reply.status >= 502) return { error: words.down };
  return { error: words[{ 403: "stale", 413: "long" }[reply.status] ?? "failed"] };
}

function remember(side, asked, answer) {
  turns[side] = [...turns[side], [asked, answer]].slice(-MOST_TURNS);
  while (JSON.stringify(turns[side]).length > MOST_CHARS) turns[side].shift();
}

async function answer(side, asked, signal) {
  const name = !both.checked ? words.plain : side === "saved" ? words.saved : words.name;
  const who = { name, whole: words.whole };
  const dots = add(typing(who, words.typing));
  let told;
  try {
    told = await post(side, asked, signal);
  } catch {
    told = { error: words.down };
  }
  if (signal.aborted) return dots.remove();
  if (told.error) return instead(dots, make("p", "error", told.error));
  remember(side, asked, told.answer);
  instead(dots, page(told, 0, who));
}

async function send(asked) {
  asking?.abort();
  asking = new AbortController();
  byId("starters").hidden = true;
  room.querySelector(".blank")?.remove();
  if (askedWith !== null && askedWith !== draft()) add(make("p", "switched", words.switched));
  askedWith = draft();
  say(asked);
  const { signal } = asking;
  await Promise.all((both.checked ? ["draft", "saved"] : ["draft"]).map((side) => answer(side, asked, signal)));
}

function begin() {
  asking?.abort();
  turns.draft = [];
  turns.saved = [];
  askedWith = null;
  room.replaceChildren(make("p", "blank", words.blank));
  byId("starters").hidden = false;
}

asks.addEventListener("submit", (event) => {
  event.preventDefault();
  const asked = question.value.trim();
  question.value = "";
  if (asked) send(asked);
  question.focus();
});

onEnter(question, () => asks.requestSubmit());

byId("starters").addEventListener("click", (event) => {
  if (event.target.matches("button")) send(event.target.textContent);
  question.focus();
});

byId("anew").addEventListener("click", () => {
  begin();
  question.focus();
});

begin();
show();
