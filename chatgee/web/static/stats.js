// Beside the column under the pointer or the finger: its row of the table.

const tip = document.createElement("div");
tip.className = "tip";
tip.setAttribute("aria-hidden", "true");

function show(column) {
  const row = document.getElementById(column.dataset.tip);
  const heads = row.closest("table").tHead.rows[0].cells;
  const list = document.createElement("dl");
  [...row.cells].forEach((cell, number) => {
    if (number === 0 || cell.textContent === "0" || cell.textContent === "–") return;
    const name = document.createElement("dt");
    name.textContent = heads[number].textContent;
    const value = document.createElement("dd");
    value.textContent = cell.textContent;
    list.append(name, value);
  });
  const title = document.createElement("b");
  title.textContent = row.cells[0].textContent;
  tip.replaceChildren(title, list);
  const drawing = column.closest(".drawing");
  drawing.append(tip);
  const place = column.querySelector(".place").getBoundingClientRect();
  const frame = drawing.getBoundingClientRect();
  const right = place.right - frame.left + 4;
  const left = place.left - frame.left - tip.offsetWidth - 4;
  tip.style.left = `${right + tip.offsetWidth > frame.width ? Math.max(0, left) : right}px`;
}

for (const kind of ["pointerover", "pointerdown"]) {
  document.addEventListener(kind, (event) => {
    const column = event.target.closest?.(".column");
    if (column) show(column);
    else if (!tip.contains(event.target)) tip.remove();
  });
}
