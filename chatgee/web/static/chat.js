// The page on which the owner talks with the bot as KakaoTalk's friends do: who is there, and what is looked at.
import { Phone } from "./phone.js";
import { look } from "./look.js";

const MOST_FRIENDS = 3;
const STORED = "chatgee-friends";  // of this tab: a page that is opened anew keeps its friends

const place = document.getElementById("chat");
const friends = document.getElementById("friends");
const add = document.getElementById("add");
const phones = [];

function newId() {
  const bytes = crypto.getRandomValues(new Uint8Array(9));
  return place.dataset.prefix + btoa(String.fromCharCode(...bytes)).replaceAll("+", "-").replaceAll("/", "_");
}

function keep() {
  const kept = phones.map(({ id, number, way, callback }) => ({ id, number, way, callback }));
  try { sessionStorage.setItem(STORED, JSON.stringify(kept)); } catch { /* a browser that keeps nothing */ }
}

function kept() {
  try {
    const found = JSON.parse(sessionStorage.getItem(STORED)) ?? [];
    return found.filter((one) => one.id?.startsWith(place.dataset.prefix)).slice(0, MOST_FRIENDS);
  } catch {
    return [];
  }
}

function tidy() {
  place.dataset.count = phones.length;
  add.hidden = phones.length >= MOST_FRIENDS;
  for (const phone of phones) phone.alone(phones.length === 1);
  keep();
}

function join(friend) {
  const phone = new Phone(friend, {
    words: place.dataset,
    newId,
    look: (exchange, called) => look(exchange, phone.name, place.dataset, called),
    changed: keep,
    leave: () => {
      phones.splice(phones.indexOf(phone), 1);
      tidy();
      phones.at(-1).focus();
    },
  });
  phones.push(phone);
  friends.append(phone.element);
  tidy();
  return phone;
}

add.addEventListener("click", () => {
  const taken = new Set(phones.map((phone) => phone.number));
  const number = [1, 2, 3].find((one) => !taken.has(one));
  join({ id: newId(), number }).focus();
});

document.querySelector(".unscripted").remove();  // in browsers that do not tell a style whether there are scripts
const before = kept();
for (const friend of before.length ? before : [{ id: newId(), number: 1 }]) join(friend);
if (matchMedia("(min-width: 60rem)").matches) phones[0].focus();
