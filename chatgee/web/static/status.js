// What changes by itself: the doctor's lines, the log, a restoring; and a large file on its way.

const byId = (id) => document.getElementById(id);
const refresh = (place) => place.dispatchEvent(new Event("refresh"));

function every(milliseconds, wanted) {
  setInterval(() => {
    const place = document.hidden ? null : wanted();
    if (place) refresh(place);
  }, milliseconds);
}

// Nobody's reading is disturbed: neither an unfolded stack trace nor selected words.
function readsLog() {
  const log = byId("log"), chosen = getSelection();
  const selects = !chosen.isCollapsed && log.contains(chosen.anchorNode);
  return selects || log.querySelector("details[open]") !== null;
}

every(700, () => document.querySelector("#doctor [data-running]") && byId("doctor"));
every(1000, () => byId("restoring"));
every(3000, () => byId("live").checked && !readsLog() && byId("log"));

// The summary to copy has what the doctor found by now.
document.addEventListener("htmx:after:swap", (event) => {
  if (!event.target.closest?.("#doctor")) return;
  const lines = [...document.querySelectorAll("#doctor .findings > :not(.is-left)")].map((one) =>
    [...one.querySelectorAll(".sign, h3, p")].map((part) => part.textContent.trim()).join(" "));
  const summary = byId("summary");
  summary.dataset.about ??= summary.textContent;
  if (lines.length) summary.textContent = `${summary.dataset.about}\n\n${lines.join("\n")}`;
});

const download = byId("download"), upload = byId("upload");

download?.addEventListener("submit", () => {
  download.querySelector("[role=status]").textContent = download.dataset.told;
});

upload?.addEventListener("submit", (event) => {
  const [file] = byId("file").files, told = byId("file-told");
  told.replaceChildren();
  if (file?.size > Number(upload.dataset.most)) {
    event.preventDefault();
    const sentence = document.createElement("p");
    sentence.className = "error";
    sentence.textContent = upload.dataset.long;
    told.append(sentence);
    return;
  }
  const button = upload.querySelector("button");
  button.textContent = button.dataset.busy;
  button.setAttribute("aria-disabled", "true");
});
