// What was wrong with a field: told no longer once it is being corrected, and never below the bar.
const byId = (id) => document.getElementById(id);

/** The sentences that tell what is wrong with a field, by their place. */
function places(field) {
  const ids = (field.getAttribute("aria-describedby") ?? "").split(/\s+/);
  return [...ids, `${field.name}-told`].map(byId).filter((place) => place?.querySelector(".error"));
}

function correct(field) {
  for (const place of places(field)) {
    for (const error of place.querySelectorAll(".error")) error.remove();
    for (const one of document.querySelectorAll(`[aria-describedby~="${place.id}"]`)) one.removeAttribute("aria-invalid");
  }
}

// That nothing was saved, for there were errors, is old news with the last of them.
function tidy(form) {
  if (form.querySelector("[aria-invalid], .told .error:not(.bar *)")) return;
  for (const error of form.querySelectorAll(".bar .error")) error.remove();
}

function show(field) {
  for (const place of places(field)) place.scrollIntoView({ block: "nearest" });
}

document.addEventListener("input", (event) => {
  const { form } = event.target;
  if (!form) return;
  correct(event.target);
  setTimeout(() => tidy(form));  // when all who listen have done their part
});
document.addEventListener("focusin", (event) => { if (event.target.matches("[aria-invalid]")) show(event.target); });

// What is told while it is typed, or of the field to which a refused save leads.
new MutationObserver((changes) => {
  const field = document.activeElement;
  if (field?.form && changes.some((one) => places(field).some((place) => place.contains(one.target)))) show(field);
}).observe(document.body, { childList: true, subtree: true });

// How much of the page lies behind the bar at its foot, of which the height goes with its words.
const bar = new ResizeObserver(([{ target }]) => {
  document.documentElement.style.scrollPaddingBottom = `${target.offsetHeight + 24}px`;
});
function measure() {
  const found = document.querySelector(".saving");
  if (found) bar.observe(found);
}
document.addEventListener("htmx:after:swap", measure);
measure();
