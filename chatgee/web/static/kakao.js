// Draws what KakaoTalk shows: bubbles from the JSON of a SkillResponse. It needs kakao.css.
const FOLDED = 500;  // characters; KakaoTalk folds what is longer behind a button

/** An element with these children: words are put in as words, whatever stands in them. */
export function make(tag, kind, ...children) {
  const element = document.createElement(tag);
  if (kind) element.className = kind;
  element.append(...children);
  return element;
}

function key(label, press) {
  const button = make("button", "", label);
  button.type = "button";
  button.addEventListener("click", press);
  return button;
}

function line(content, at) {
  const one = make("div", "line", content);
  if (at) one.append(make("time", "", at));
  return one;
}

function text(words, whole) {
  const bubble = make("div", "bubble");
  const inner = make("div", "", words);
  bubble.append(inner);
  if (words.length > FOLDED) {
    inner.classList.add("fold");
    const more = key(whole, () => { inner.classList.remove("fold"); more.remove(); });
    more.className = "whole";
    bubble.append(more);
  }
  return bubble;
}

function card(item, press) {
  const one = make("div", "kakao-card");
  if (item.title) one.append(make("b", "", item.title));
  if (item.description) one.append(make("p", "", item.description));
  for (const button of item.buttons ?? []) one.append(key(button.label, () => press(button)));
  return one;
}

function output(one, press, words) {
  if (one.simpleText) return text(one.simpleText.text, words.whole);
  if (one.textCard) return card(one.textCard, press);
  if (one.carousel) return make("div", "cards", ...one.carousel.items.map((item) => card(item, press)));
  return text(JSON.stringify(one), words.whole);  // a kind that we do not send
}

function from(words, ...lines) {
  const picture = make("img");
  picture.src = "/static/icon.svg";
  picture.alt = "";
  return make("div", "from", picture, make("span", "who", words.name), ...lines);
}

/** The channel's side: every bubble of `template`, and its quick replies below them.
 *
 * `press` is called with the button that was pressed, as it stands in the JSON. `words` are
 * {name, whole}: the channel's name and the label that unfolds a long text; `at` is a time to show.
 */
export function theirs(template, press, words, at = "") {
  const last = template.outputs.length - 1;
  const lines = template.outputs.map((one, number) => line(output(one, press, words), number === last ? at : ""));
  const quick = template.quickReplies ?? [];
  return from(words, ...lines, ...(quick.length ? [replies(quick, press)] : []));
}

/** The quick replies alone, which KakaoTalk puts above the field. */
export function replies(quick, press) {
  return make("ul", "quick", ...quick.map((one) => make("li", "", key(one.label, () => press(one)))));
}

/** The day, in the middle of the chat. */
export function today(words) {
  return make("p", "day", words);
}

/** What KakaoTalk itself does not show: sentences for the owner, and a button that tells more. */
export function note(sentences, label = "", press = null) {
  const lines = sentences.map((one) => make("p", "", one));
  return make("div", sentences.length ? "aside wrong" : "aside", ...lines, ...(press ? [key(label, press)] : []));
}

/** The friend's side: words or, where `photo` is an address, a picture. */
export function mine(words, at = "", photo = "") {
  const bubble = make("div", "bubble", photo ? "" : words);
  if (photo) {
    const picture = make("img");
    picture.src = photo;
    picture.alt = words;
    bubble.append(picture);
  }
  const one = make("div", "line mine", ...(at ? [make("time", "", at)] : []), bubble);
  return one;
}

/** Three dots, until the answer is there. `label` is for those who listen. */
export function typing(words, label) {
  const dots = make("div", "bubble typing", make("i"), make("i"), make("i"), make("span", "hidden", label));
  return from(words, line(dots));
}

/** Enter sends what is in the field. While a Korean syllable is being put together, it ends only that. */
export function onEnter(field, send) {
  field.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.shiftKey || event.isComposing || event.keyCode === 229) return;
    event.preventDefault();
    send();
  });
}
