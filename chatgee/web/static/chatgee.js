// Copying, filling in, and saying so when ChatGee is not there. Pages work without it, save for these.
"use strict";

(() => {
  const byId = (id) => document.getElementById(id);

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
  function fill(button) {
    const field = byId(button.dataset.fill);
    field.focus();
    field.select();
    if (!document.execCommand("insertText", false, button.dataset.words)) {
      field.value = button.dataset.words;
    }
    field.setSelectionRange(0, 0);
    field.scrollTop = 0;
    tell(button.dataset.told);
  }

  function choose(button) {
    document.querySelector("input[name=source][value=local]").checked = true;
    byId("address").value = button.dataset.choose;
    byId("check-model").click();
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
  }

  document.addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (!button) return;
    if (button.dataset.copy) copy(button);
    if (button.dataset.fill) fill(button);
    if (button.dataset.choose) choose(button);
  });

  document.addEventListener("htmx:error", () => alarm("down"));
  document.addEventListener("htmx:before:response", (event) => {
    const status = event.detail.ctx.response.status;
    alarm(status >= 500 ? "down" : status >= 400 ? "stale" : "");
    if (status >= 400) event.preventDefault();  // what was typed stays in the page
  });
  document.addEventListener("htmx:after:swap", () => {
    const wrong = document.querySelector("#setup [aria-invalid]");
    if (wrong && document.activeElement?.closest(".bar, .checking")) wrong.focus();
  });
})();
