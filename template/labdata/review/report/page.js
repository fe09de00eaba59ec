"use strict";
for (const pair of document.querySelectorAll(".pictures[data-slider]")) {
  const [before, after] = pair.querySelectorAll("img");
  const slider = document.createElement("div");
  const stack = document.createElement("div");
  const under = after.cloneNode();
  const over = before.cloneNode();
  const label = document.createElement("label");
  const input = document.createElement("input");
  slider.className = "slider";
  stack.className = "stack";
  over.className = "over";
  over.alt = "";
  Object.assign(input, { type: "range", min: 0, max: 100, value: 50 });
  label.append("Show before from the left up to ", input);
  input.addEventListener("input", () => over.style.setProperty("--cut", `${input.value}%`));
  stack.append(under, over);
  slider.append(stack, label);
  pair.before(slider);
}

function valueOf(body, column) {
  const cell = body.rows ? body.rows[0].cells[column] : body.cells[column];
  const text = cell === undefined ? "" : (cell.dataset.value ?? cell.textContent.trim());
  const number = Number(text.replace(/,/g, "").replace(/ %$/, ""));
  return text !== "" && !Number.isNaN(number) ? [0, number, text] : [1, 0, text];
}

function sortBy(table, header, column) {
  const descending = header.getAttribute("aria-sort") === "ascending";
  for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
  header.setAttribute("aria-sort", descending ? "descending" : "ascending");
  const groups = table.tBodies.length > 1;
  const items = groups ? [...table.tBodies] : [...table.tBodies[0].rows];
  const keyed = items.map((item) => [valueOf(item, column), item]);
  keyed.sort(([left], [right]) => {
    const order = left[0] - right[0] || left[1] - right[1] || left[2].localeCompare(right[2]);
    return descending ? -order : order;
  });
  const parent = groups ? table : table.tBodies[0];
  for (const [, item] of keyed) parent.append(item);
}

for (const table of document.querySelectorAll("table.sortable")) {
  for (const [column, header] of [...table.tHead.rows[0].cells].entries()) {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = header.textContent;
    header.replaceChildren(button);
    button.addEventListener("click", () => sortBy(table, header, column));
  }
}
