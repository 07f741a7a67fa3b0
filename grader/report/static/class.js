// The class page's table: sorting and filtering. The page is complete without it. It makes no HTML from text.
"use strict";
(() => {
  const table = document.getElementById("grades");
  if (!table) return;
  const [tools, filter, status, lost, shown] = ["tools", "filter", "status", "lost", "shown"].map((id) => document.getElementById(id));
  const body = table.tBodies[0];
  const heads = [...table.tHead.rows[0].cells];
  const FIRST_TASK = 6, STATUS = 4, PROBLEM = 5;
  const rows = [...body.rows].map((row) => ({ row, cells: row.cells, name: row.cells[0].textContent.toLowerCase() }));
  const counter = new Intl.NumberFormat("en");
  const collator = new Intl.Collator("en", { numeric: true });

  const value = (cell) => { const number = parseFloat(cell.textContent); return Number.isNaN(number) ? -1 : number; };

  const sort = (column) => {
    const isText = column === 0 || column === STATUS || column === PROBLEM;
    const down = heads[column].getAttribute("aria-sort") === (isText ? "ascending" : "descending") ? isText : !isText;
    const keys = new Map(rows.map((entry) => [entry, isText ? entry.cells[column].textContent : value(entry.cells[column])]));
    const order = isText ? (a, b) => collator.compare(keys.get(a), keys.get(b)) : (a, b) => keys.get(a) - keys.get(b);
    rows.sort((a, b) => (down ? order(b, a) : order(a, b)) || collator.compare(a.name, b.name));
    body.append(...rows.map((entry) => entry.row));
    for (const head of heads) head.removeAttribute("aria-sort");
    heads[column].setAttribute("aria-sort", down ? "descending" : "ascending");
  };

  const apply = () => {
    const words = filter.value.toLowerCase().split(/\s+/).filter(Boolean);
    const task = lost.value === "" ? -1 : FIRST_TASK + Number(lost.value);
    let count = 0;
    for (const { row, cells, name } of rows) {
      const fits = words.every((word) => name.includes(word)) && (!status.value || cells[STATUS].textContent === status.value)
        && (task < 0 || /part|none/.test(cells[task].className));
      row.hidden = !fits;
      count += fits;
    }
    shown.textContent = `${counter.format(count)} of ${counter.format(rows.length)} submissions`;
  };

  heads.forEach((head, column) => {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...head.childNodes);
    button.addEventListener("click", () => sort(column));
    head.append(button);
  });
  filter.addEventListener("input", apply);
  status.addEventListener("change", apply);
  lost.addEventListener("change", apply);
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "Escape" && event.target === filter) { filter.value = ""; apply(); filter.blur(); return; }
    if (event.key === "/" && !event.target.matches("input, select, textarea")) { event.preventDefault(); filter.focus(); }
  });
  tools.hidden = false;
  apply();
})();
