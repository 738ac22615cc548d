// What went to the bot and came back, as it stood in the JSON.
const at = (id) => document.getElementById(`look-${id}`);

function list(element, lines, kind) {
  element.replaceChildren(...lines.map((line) => {
    const one = document.createElement("li");
    one.className = kind;
    one.textContent = line;
    return one;
  }));
}

/** Shows an exchange; where the owner asked for it (`called`), the page goes there. */
export function look(exchange, who, words, called) {
  const { problems, why } = exchange;
  at("empty").hidden = true;
  at("all").hidden = false;
  at("who").textContent = exchange.came ? `${who} · ${words.came}` : who;
  at("seconds").textContent = `${exchange.seconds.toFixed(2)}${words.seconds}`;
  at("status").textContent = exchange.came ? words.came : exchange.status || "–";
  at("sizes").textContent = exchange.sizes.map((size) => size.toLocaleString("ko")).join(" + ") + (exchange.sizes.length ? words.bytes : "–");
  const wrong = [...(why ? [why] : []), ...problems];
  list(at("problems"), wrong.length ? wrong : [words.good], wrong.length ? "error" : "good");
  at("request").textContent = JSON.stringify(exchange.request, null, 2);
  at("response").textContent = exchange.response === null ? exchange.text || words.none : JSON.stringify(exchange.response, null, 2);
  at("response-title").textContent = exchange.came ? words.callback : words.response;
  if (!called) return;
  const panel = document.getElementById("look");
  panel.scrollIntoView({ block: "nearest" });
  panel.focus({ preventScroll: true });
}
