// One simulated friend's KakaoTalk: what is said in it, and what comes back.
import { Clock } from "./clock.js";
import { mine, note, onEnter, replies, theirs, today, typing } from "./kakao.js";
import { shrink } from "./photo.js";
import { ask, post } from "./wire.js";

const OFTEN = 1000;  // milliseconds between two looks for a callback
const LONGEST = 62_000;  // a little more than the minute that Kakao gives it
const clock = new Intl.DateTimeFormat("ko", { timeStyle: "short" });
const day = new Intl.DateTimeFormat("ko", { dateStyle: "full" });
const now = () => clock.format(new Date());
const pause = (milliseconds) => new Promise((done) => setTimeout(done, milliseconds));

/** What came to a callback address; null where the program knows it no more. */
async function arrived(token) {
  const reply = await ask(`/local_test/arrived/${token}`);
  if (reply.status === 404) return null;
  if (!reply.ok) throw new Error(`status ${reply.status}`);
  return reply.json();
}

export class Phone {
  /** `friend` is {id, number, way, callback}; `page` are {words, newId, look, changed, leave}. */
  constructor(friend, page) {
    const copy = document.getElementById("friend").content.cloneNode(true);
    this.element = copy.querySelector(".friend");
    this.page = page;
    this.words = page.words;
    Object.assign(this, friend);
    const find = (selector) => this.element.querySelector(selector);
    [this.room, this.dock, this.told] = [find(".room"), find(".dock"), find(".told")];
    [this.field, this.ways, this.toggle] = [find("textarea"), find("select"), find(".switch input")];
    this.clock = new Clock(find(".clock"), find(".time"), this.words);
    find(".who").textContent = this.name;
    this.element.setAttribute("aria-label", this.name);
    this.ways.value = friend.way ?? "friend";
    this.toggle.checked = friend.callback ?? false;
    this.listen(find);
    this.choose();
    this.clear();
  }

  get name() { return `${this.words.friend} ${this.number}`; }

  alone(is) { this.element.querySelector(".remove").hidden = is; }

  focus() { this.field.focus({ preventScroll: true }); }

  listen(find) {
    find("form").addEventListener("submit", (event) => { event.preventDefault(); this.submit(); });
    onEnter(this.field, () => this.submit());
    this.field.addEventListener("input", () => this.grow());
    find("input[type=file]").addEventListener("change", (event) => this.photo(event.target));
    find(".anew").addEventListener("click", () => { this.id = this.page.newId(); this.clear(); this.page.changed(); this.focus(); });
    find(".remove").addEventListener("click", () => { this.gone = true; this.element.remove(); this.page.leave(); });
    for (const choice of [this.ways, this.toggle]) choice.addEventListener("change", () => { this.choose(); this.page.changed(); });
    for (const button of this.element.querySelectorAll("[data-say]")) {
      button.addEventListener("click", () => this.say({ words: button.textContent.trim() }));
    }
  }

  choose() {
    this.way = this.ways.value;
    this.callback = this.toggle.checked;
    this.toggle.disabled = !("callback" in this.ways.selectedOptions[0].dataset);
  }

  clear() {
    this.room.replaceChildren(today(day.format(new Date())));
    this.dock.replaceChildren();
    this.tell("");
  }

  grow() {
    this.field.style.height = "auto";
    this.field.style.height = `${this.field.scrollHeight}px`;
  }

  tell(words) {
    this.told.textContent = words;
    this.told.hidden = !words;
  }

  add(element) {
    this.room.append(element);
    this.room.scrollTop = this.room.scrollHeight;
    return element;
  }

  submit() {
    const words = this.field.value.trim();
    if (!words) return;
    this.field.value = "";
    this.grow();
    this.say({ words, typed: true });
  }

  async photo(input) {
    const [file] = input.files;
    input.value = "";
    if (!file) return;
    try {
      this.say({ words: this.words.photoSent, how: "photo", photo: await shrink(file) });
    } catch {
      this.tell(this.words.photoBroken);
    }
  }

  press(button, how) {
    this.say({ words: button.messageText ?? button.label, how, extra: button.extra });
  }

  async say({ words, how = "text", extra = {}, photo = "", typed = false }) {
    const doing = { friend: this.id, way: this.way, how, words, extra, callback: this.callback };
    this.tell("");
    const before = [...this.dock.children];
    if (this.dock.contains(document.activeElement)) this.room.focus({ preventScroll: true });  // next before what comes
    this.dock.replaceChildren();
    const said = this.add(mine(words, now(), photo));
    const dots = this.add(typing(this.channel, this.words.typing));
    this.clock.start();
    try {
      const exchange = await post("/local_test/send", { ...doing, photo: photo.split(",")[1] ?? "" });
      dots.remove();
      if (this.id === doing.friend && !this.gone) this.came(exchange);
    } catch {
      this.clock.stop(0, false);
      said.remove();
      dots.remove();
      this.dock.replaceChildren(...before);
      if (typed && !this.field.value) { this.field.value = words; this.grow(); }
      this.tell(this.words.unsent);
    }
  }

  get channel() { return { name: this.words.name, whole: this.words.whole }; }

  came(exchange) {
    this.clock.stop(exchange.seconds, !exchange.why);
    this.draw(exchange);
    if (exchange.token) this.await(exchange);
  }

  draw(exchange) {
    const { template, waiting } = exchange;
    if (template) {
      this.add(theirs({ outputs: template.outputs }, (button) => this.press(button, "card"), this.channel, now()));
      const quick = template.quickReplies ?? [];
      this.dock.replaceChildren(...(quick.length ? [replies(quick, (button) => this.press(button, "quick"))] : []));
    } else if (waiting) {
      const bubble = theirs({ outputs: [{ simpleText: { text: waiting } }] }, () => {}, this.channel, now());
      this.add(bubble);
    }
    this.mark(exchange);
    this.page.look(exchange, false);
  }

  /** Below the bubbles: how long it took, and why there are none. */
  mark(exchange) {
    const wrong = exchange.why ? [this.words.nothing, exchange.why, ...exchange.problems] : [];
    const seconds = `${exchange.seconds.toFixed(1)}${this.words.seconds}`;
    const label = `${exchange.came ? `${this.words.came} ` : ""}${seconds} · ${this.words.look}`;
    this.add(note(wrong, label, () => this.page.look(exchange, true)));
  }

  /** Looks for the callback until its minute is over. */
  async await(exchange) {
    const dots = this.add(typing(this.channel, this.words.typing));
    const id = this.id;
    const until = performance.now() + LONGEST;
    let found = { open: true };
    while (found?.open && performance.now() < until) {
      await pause(OFTEN);
      if (this.gone || this.id !== id) return;
      found = await arrived(exchange.token).catch(() => ({ open: true }));
    }
    dots.remove();
    if (found?.came) this.draw({ ...found, request: exchange.request, text: "" });
    else this.add(note([found ? this.words.callbackLate : this.words.callbackLost]));
  }
}
