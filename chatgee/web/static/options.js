// Counts what was changed, finds an option, and asks before changes are left behind.
// Without it the page is a form like any other.

const byId = (id) => document.getElementById(id);
const form = () => byId("options");
const fields = () => [...form().querySelectorAll("[data-was], .delete input")];
let leaving = false;

function isChanged(field) {
  return field.type === "checkbox" ? field.checked : field.value.trim() !== field.dataset.was;
}

function count() {
  const changed = new Set(fields().filter(isChanged).map((field) => field.closest(".option")));
  for (const option of form().querySelectorAll(".option")) {
    option.classList.toggle("is-changed", changed.has(option));
  }
  const told = byId("count");
  const words = changed.size ? told.dataset.some.replace("{count}", changed.size) : told.dataset.none;
  if (told.textContent !== words) told.textContent = words;
  told.classList.toggle("is-some", changed.size > 0);
  byId("undo").hidden = !changed.size;
  return changed.size;
}

function undo() {
  for (const field of fields().filter(isChanged)) {
    if (field.type === "checkbox") field.checked = false;
    else field.value = field.dataset.was;
    byId(`${field.closest(".option").id.replace("option-", "")}-told`).replaceChildren();
    field.removeAttribute("aria-invalid");
  }
  byId("save-told").replaceChildren();
  byId("sure")?.remove();
  count();
}

// What a check has found is told by its sentence, and to those who listen by the field itself.
function mark() {
  for (const field of form().querySelectorAll("[data-was]")) {
    const wrong = field.closest(".option").querySelector(".told .error");
    if (wrong) field.setAttribute("aria-invalid", "true");
    else field.removeAttribute("aria-invalid");
  }
}

function find() {
  const words = byId("find").value.trim().toLowerCase();
  let found = 0;
  for (const option of form().querySelectorAll(".option")) {
    const fits = option.dataset.words.toLowerCase().includes(words);
    option.hidden = !fits;
    found += fits;
  }
  for (const more of form().querySelectorAll(".group > details")) {
    const fits = more.querySelector(".option:not([hidden])");
    more.hidden = !fits;
    if (words) more.dataset.wasOpen ??= more.open;
    if (words && fits) more.open = true;
    if (!words && more.dataset.wasOpen) {
      more.open = more.dataset.wasOpen === "true";
      delete more.dataset.wasOpen;
    }
  }
  for (const group of form().querySelectorAll(".group")) {
    group.hidden = !group.querySelector(".option:not([hidden])");
  }
  const told = byId("found");
  told.textContent = words ? (found ? told.dataset.found : told.dataset.none).replace("{count}", found) : "";
}

// After a save that was refused: to what is wrong, or to what has to be read before saving anyway.
function focusOnWrong() {
  const wrong = form().querySelector("[aria-invalid]");
  if (wrong) return wrong.focus();
  if (!byId("sure")) return;
  form().querySelector(".told .warning")?.scrollIntoView({ block: "center" });
  byId("sure").focus({ preventScroll: true });
}

document.addEventListener("input", (event) => {
  if (event.target.id === "find") find();
  else if (event.target.closest("#options")) count();
});
document.addEventListener("click", (event) => {
  if (event.target.closest("#undo")) undo();
});
document.addEventListener("submit", () => { leaving = true; });
document.addEventListener("htmx:before:response", (event) => {
  leaving = event.detail.ctx.response.headers.has("HX-Redirect");
});
document.addEventListener("htmx:error", () => { leaving = false; });
document.addEventListener("htmx:after:swap", (event) => {
  mark();
  count();
  if (byId("find").value) find();
  if (event.detail.ctx.sourceElement.matches("#options, #options > .saving *")) focusOnWrong();
});
addEventListener("beforeunload", (event) => {
  if (!leaving && count()) event.preventDefault();
});
// A link to an option that is folded away; not every browser unfolds it.
const linked = byId(location.hash.slice(1));
if (linked?.closest("details")?.open === false) {
  linked.closest("details").open = true;
  linked.scrollIntoView();
}
addEventListener("pageshow", count);  // a browser may bring back what was typed
count();
